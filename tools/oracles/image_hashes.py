"""Perceptual hashes of pictures by the package imagehash.

    python tools/oracles/image_hashes.py node_modules/svg-country-flags packages/flagdata/goldens/image_hashes.json

Every 8th flag of svg-country-flags 1.2.10 (public domain), 250 pixels wide.
Needs imagehash and scipy. `margin` is how near the frequency nearest to the median comes to it in pHash, as a share of the
largest: where it is about 1e-16, rounding decides.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import imagehash
import numpy as np
import scipy.fftpack
from PIL import Image


def margin(image):
    pixels = np.asarray(image.convert("L").resize((32, 32), imagehash.ANTIALIAS))
    low = scipy.fftpack.dct(scipy.fftpack.dct(pixels, axis=0), axis=1)[:8, :8].flatten()
    distances = np.sort(np.abs(low - np.median(low)))
    return float(distances[0] / np.abs(low).max())


def main(folder, output):
    paths = sorted((Path(folder) / "png250px").glob("*.png"))[::8]
    pictures = {}
    for path in paths:
        image = Image.open(path)
        pictures[path.name] = {
            "mode": image.mode,
            "phash": str(imagehash.phash(image)),
            "dhash": str(imagehash.dhash(image)),
            "ahash": str(imagehash.average_hash(image)),
            "margin": margin(image),
        }
    golden = {
        "made": "tools/oracles/image_hashes.py",
        "versions": {name: version(name) for name in ("imagehash", "pillow", "numpy", "scipy")},
        "pictures": pictures,
    }
    Path(output).write_text(json.dumps(golden, indent=1) + "\n")


main(*sys.argv[1:])
