"""Golden pictures for packages/flagai/src/preprocess.

Writes packages/flagai/goldens/preprocess/: pictures of every kind that decoders disagree about, and
goldens.json with what the reference makes of them:

- `decoded`:  sha256 of the RGB bytes of `load_image(file)` (EXIF orientation applied, alpha dropped by convert);
- `plain`:    the same for `Image.open(file).convert('RGB')` (no EXIF orientation);
- `white`:    the same with transparency composited on white, as the processor of transformers 5 does itself;
- `configs`:  sha256 of the little-endian float32 bytes of `CLIPImageProcessorPil(**config)(load_image(file))`.

Made with Pillow 13.0.0, transformers 5.24.0, numpy 2.4.6; seed 7.
Run: python tools/oracles/clip_preprocess.py
"""

import hashlib
import json
import os
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps
from transformers.image_transforms import convert_to_rgb
from transformers.image_utils import load_image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

warnings.simplefilter("ignore")
OUT = os.path.join(os.path.dirname(__file__), "../../packages/flagai/goldens/preprocess")
os.makedirs(os.path.join(OUT, "pictures"), exist_ok=True)
rng = np.random.default_rng(7)

CONFIGS = {
    "224": {},
    "336": {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
    "48": {
        "size": {"shortest_edge": 48},
        "crop_size": {"height": 48, "width": 48},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    },
    "square": {"size": {"height": 40, "width": 56}, "crop_size": {"height": 31, "width": 47}, "resample": 2},
    "padded": {"size": {"shortest_edge": 30}, "crop_size": {"height": 45, "width": 64}, "resample": 1},
    "raw": {"do_resize": False, "do_center_crop": False, "do_normalize": False},
}


def scene(width, height):
    """Smooth gradients, a disc with a hard edge and some noise: something for every filter to get wrong."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x / max(1, width - 1), y / max(1, height - 1)
    disc = ((u - 0.6) ** 2 + (v - 0.4) ** 2) < 0.07
    channels = [200 * u + 40 * np.sin(9 * v), 220 * v + 30 * np.cos(13 * u), 255 * (1 - u) * v + 40]
    image = np.stack(channels, -1) + rng.normal(0, 6, (height, width, 3))
    image[disc] = [250, 30, 60]
    return np.clip(image, 0, 255).astype(np.uint8)


def alpha(width, height):
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    ramp = 255 * np.abs(np.sin(x / 7) * np.cos(y / 9))
    ramp[: height // 4] = 0
    ramp[:, : width // 5] = 255
    return ramp.astype(np.uint8)


def png(name, width, height, depth, colour, rows, extra=b"", interlace=0):
    """A PNG written by hand, for the kinds that Pillow does not write."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    data = b"".join(b"\0" + row for row in rows)
    with open(os.path.join(OUT, "pictures", name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra)
        file.write(chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def save(name, image, **options):
    image.save(os.path.join(OUT, "pictures", name), **options)


W, H = 61, 47
rgb = Image.fromarray(scene(W, H))
grey = rgb.convert("L")
mask = Image.fromarray(alpha(W, H))
rgba = rgb.copy()
rgba.putalpha(mask)
palette = rgb.quantize(40, dither=Image.Dither.NONE)

save("rgb.png", rgb)
save("rgba.png", rgba)
save("grey.png", grey)
save("grey_alpha.png", Image.merge("LA", (grey, mask)))
save("bilevel.png", grey.convert("1"))
save("palette.png", palette)
save("palette_transparent.png", palette, transparency=3)
save("palette_alphas.png", palette, transparency=bytes(range(0, 240, 6)))
save("rgb_transparent_colour.png", rgb, transparency=tuple(int(c) for c in np.asarray(rgb)[5, 5]))
deep = scene(W, H).astype(np.uint16) * 257 - 100 * (scene(W, H) > 3)
deep = deep.astype(">u2")
png("rgb16.png", W, H, 16, 2, [row.tobytes() for row in deep])
deep_alpha = np.concatenate([deep, (alpha(W, H).astype(np.uint16) * 256 + 77).astype(">u2")[..., None]], -1)
png("rgba16.png", W, H, 16, 6, [row.tobytes() for row in deep_alpha])
png("grey16.png", W, H, 16, 0, [row.tobytes() for row in deep[..., 0]])
dark = (deep[..., 1] // 200).astype(">u2")
png("grey16_dark.png", W, H, 16, 0, [row.tobytes() for row in dark])
png("grey_alpha16.png", W, H, 16, 4, [row.tobytes() for row in deep_alpha[..., [0, 3]].copy()])
four = np.asarray(grey) >> 4
png("grey4.png", W, H, 4, 0, [bytes((r[0::2] << 4) | np.append(r[1::2], 0)) for r in four])
gamma = chunk(b"gAMA", struct.pack(">I", 100000))
png("gamma.png", W, H, 8, 2, [row.tobytes() for row in np.asarray(rgb)], gamma)

from PIL import ImageCms  # noqa: E402

lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
swapped = lab.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
save("profile.png", rgb, icc_profile=swapped)
save("profile.jpg", rgb, icc_profile=swapped, quality=90)

save("jpeg_444.jpg", rgb, quality=85, subsampling=0)
save("jpeg_422.jpg", rgb, quality=85, subsampling=1)
save("jpeg_420.jpg", rgb, quality=85, subsampling=2)
save("jpeg_420_progressive.jpg", rgb, quality=60, subsampling=2, progressive=True)
save("jpeg_444_progressive.jpg", rgb, quality=60, subsampling=0, progressive=True)
save("jpeg_grey.jpg", grey, quality=85)
save("jpeg_cmyk.jpg", rgb.convert("CMYK"), quality=90)
ink = np.concatenate([scene(W, H), np.asarray(mask)[..., None] // 2], -1)
save("jpeg_cmyk_black.jpg", Image.frombytes("CMYK", (W, H), ink.tobytes()), quality=95)
with open(os.path.join(OUT, "pictures", "jpeg_cmyk.jpg"), "rb") as file:
    cmyk = file.read()
at = cmyk.index(b"\xff\xee")
with open(os.path.join(OUT, "pictures", "jpeg_cmyk_no_adobe.jpg"), "wb") as file:
    file.write(cmyk[:at] + cmyk[at + 2 + struct.unpack(">H", cmyk[at + 2 : at + 4])[0] :])
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"exif_{orientation}.jpg", rgb.resize((31, 22)), quality=88, exif=exif)
exif = Image.Exif()
exif[0x0112] = 6
save("exif_6.png", rgb, exif=exif)
save("exif_6.webp", rgb, exif=exif, lossless=True)
save("exif_6.tiff", rgb, exif=exif)

save("row.png", Image.fromarray(scene(57, 1)))
save("column.png", Image.fromarray(scene(1, 57)))
save("dot.png", Image.fromarray(scene(1, 1)))
save("wide.png", Image.fromarray(scene(300, 7)))

frames = [Image.fromarray(scene(40, 30)).quantize(32, dither=Image.Dither.NONE) for _ in range(3)]
save("animated.gif", frames[0], save_all=True, append_images=frames[1:], duration=50, loop=0)
save("animated.webp", rgb, save_all=True, append_images=[rgb.rotate(90, expand=False)], lossless=True)
save("animated.png", rgb, save_all=True, append_images=[rgb.rotate(180)])
save("palette.gif", palette)
save("transparent.gif", palette, transparency=3)
for name in ("palette", "transparent"):
    with open(os.path.join(OUT, "pictures", name + ".gif"), "rb") as file:
        gif = bytearray(file.read())
    gif[6:10] = struct.pack("<HH", W + 9, H + 5)  # a screen that the frame does not fill
    with open(os.path.join(OUT, "pictures", name + "_small_frame.gif"), "wb") as file:
        file.write(gif)
save("lossless.webp", rgb, lossless=True)
save("lossy.webp", rgb, quality=80)
save("lossless_alpha.webp", rgba, lossless=True, exact=True)
save("lossy_alpha.webp", rgba, quality=80)
save("rgb.tiff", rgb)
save("rgb_lzw.tiff", rgb, compression="tiff_lzw")
save("grey.tiff", grey)
save("palette.tiff", palette)
save("cmyk.tiff", Image.frombytes("CMYK", (W, H), ink.tobytes()))
save("rgba.tiff", rgba)
Image.fromarray(scene(W, H)[..., 0].astype(np.uint16) * 200).save(os.path.join(OUT, "pictures", "grey16.tiff"))
save("jpeg.tiff", rgb, compression="jpeg", quality=90)
save("rgb.avif", rgb, quality=95, subsampling="4:4:4")
big = np.kron(scene(64, 40), np.ones((32, 32, 1), np.uint8))
big[::3, ::5] ^= 31
save("large.png", Image.fromarray(big).quantize(48, dither=Image.Dither.NONE), optimize=True)
save("photo.jpg", Image.fromarray(scene(640, 427)), quality=70)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:32]


pictures = {}
processors = {name: CLIPImageProcessorPil(**config) for name, config in CONFIGS.items()}
for name in sorted(os.listdir(os.path.join(OUT, "pictures"))):
    path = os.path.join(OUT, "pictures", name)
    loaded = load_image(path)
    turned = ImageOps.exif_transpose(Image.open(path))
    entry = {
        "mode": Image.open(path).mode,
        "width": loaded.width,
        "height": loaded.height,
        "decoded": digest(np.asarray(loaded)),
        "plain": digest(np.asarray(Image.open(path).convert("RGB"))),
        "white": digest(convert_to_rgb(turned, return_numpy=True)),
        "configs": {},
    }
    for key, processor in processors.items():
        if loaded.width * loaded.height > 200_000 and key in ("raw", "336"):
            continue
        # Through an array: the processor would otherwise composite by the colour key that load_image leaves behind.
        tensor = processor(Image.fromarray(np.asarray(loaded)), return_tensors="np")["pixel_values"][0]
        assert tensor.dtype == np.float32, tensor.dtype
        entry["configs"][key] = {"shape": list(tensor.shape), "sha256": digest(tensor.astype("<f4"))}
    pictures[name] = entry

kernels = []
for filter_name, filter_id in [
    ("nearest", 0), ("lanczos", 1), ("bilinear", 2), ("bicubic", 3), ("box", 4), ("hamming", 5),
]:
    for source, target in [((37, 23), (11, 50)), ((16, 16), (16, 9)), ((5, 40), (64, 3)), ((90, 70), (7, 5)), ((90, 70), (70, 30)), ((90, 70), (70, 29))]:
        image = np.frombuffer(np.random.default_rng(source[0]).bytes(source[0] * source[1] * 3), np.uint8)
        image = image.reshape(source[1], source[0], 3)
        out = Image.fromarray(image).resize(target, filter_id)
        kernels.append(
            {"filter": filter_name, "source": source, "target": target, "sha256": digest(np.asarray(out))}
        )
sources = {
    str(width): np.random.default_rng(width).bytes(width * height * 3).hex()
    for width, height in [(37, 23), (16, 16), (5, 40), (90, 70)]
}
with open(os.path.join(OUT, "goldens.json"), "w") as file:
    configs = {name: processor.to_dict() for name, processor in processors.items()}
    json.dump({"configs": configs, "pictures": pictures, "kernels": kernels}, file, indent=1)
for width, data in sources.items():
    with open(os.path.join(OUT, f"random_{width}.rgb"), "wb") as file:
        file.write(bytes.fromhex(data))
print(len(pictures), "pictures")
