"""Golden models and outputs for packages/flagai/src/models/{eva,evaclip}.

Writes packages/flagai/goldens/eva/: small models with random weights in the patterns of the published configurations,
each a folder with `config.json`, the weights, and `expected.safetensors` with what the reference makes of the inputs
stored beside it (fp32, CPU). The reference is the original code (baaivision/EVA at 5623d08b), whose checkout the
environment variable FLAG_EVA names, and timm and open_clip where they have the model under their own names. xformers
and apex, which the original code needs, want a GPU: attention, SwiGLU and layer norm are torch's here.

- g-*, l-*        EVA-01: giant with 1k and 21k classes and as a masked image model; large (MAE style, full qkv.bias)
- ti-* … l02-*    EVA-02: packed SwiGLU (Ti, S) and split (B, L), classes and masked image models
- clip-*          EVA-CLIP: g, g-plus, B/16, L/14, L/14-336, E, E-plus, 8B, 18B; `*-openclip` under open_clip's names and
                  `*-transformers` under those of BAAI/EVA-CLIP-8B's modelling code

- published.json  how many parameters the published configurations have at their full size, and a digest of names and shapes

Files are written as published ones are: fp16 or fp32, {'model': …}, {'module': …}, {'state_dict': {'module.…': …}} or
bare, with the rotary tables that every block repeats. Where weights are stored in fp16 the reference runs in fp32 on
the rounded weights. Weights are larger than a fresh model's, so that attention is far from uniform.
Made with torch 2.13.0, timm 1.0.31, open_clip_torch 3.3.0, einops 0.8, safetensors 0.8.0; seed 5.
Run: FLAG_EVA=path/to/EVA python tools/oracles/eva.py
"""

import hashlib
import importlib
import json
import os
import shutil
import sys
import types
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../packages/flagai/goldens/eva")
PICTURES = os.path.join(HERE, "../../packages/flagai/goldens/preprocess/pictures")
EVA = os.environ.get("FLAG_EVA") or sys.exit("FLAG_EVA must name a checkout of baaivision/EVA")
shutil.rmtree(OUT, ignore_errors=True)
torch.set_num_threads(1)
torch.manual_seed(5)

# -- the original code, with torch in place of xformers and apex -------------------------------------------------------


def attend(q, k, v, attn_bias=None, p=0.0, scale=None):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=attn_bias is not None, scale=scale).transpose(1, 2)


class PackedSwiGLU(nn.Module):
    def __init__(self, in_features, hidden_features):
        super().__init__()
        self.w12 = nn.Linear(in_features, 2 * hidden_features)
        self.w3 = nn.Linear(hidden_features, in_features)

    def forward(self, x):
        gate, up = self.w12(x).chunk(2, -1)
        return self.w3(F.silu(gate) * up)


def module(name, **members):
    sys.modules[name] = made = types.ModuleType(name)
    vars(made).update(members)
    return made


ops = module("xformers.ops", memory_efficient_attention=attend, SwiGLU=PackedSwiGLU, LowerTriangularMask=object)
module("xformers", ops=ops)
module("apex", normalization=module("apex.normalization", FusedLayerNorm=nn.LayerNorm))


def original(folder, *names):
    """Modules of one folder of the repository; folders have modules of the same names."""
    for name in ("modeling_finetune", "modeling_pretrain", "rope"):
        sys.modules.pop(name, None)
    sys.path.insert(0, os.path.join(EVA, folder))
    modules = [importlib.import_module(name) for name in names]
    sys.path.pop(0)
    return modules


finetune01, pretrain01 = original("EVA-01/eva", "modeling_finetune", "modeling_pretrain")
finetune02, pretrain02 = original("EVA-02/asuka", "modeling_finetune", "modeling_pretrain")
(clip,) = original("EVA-CLIP-18B/shinji", "eva_clip.model")

import open_clip  # noqa: E402
import timm  # noqa: E402
from timm.models import register_model  # noqa: E402
from timm.models.eva import _create_eva  # noqa: E402

# -- common ------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def randomise(model, half):
    for name, parameter in model.named_parameters():
        lower = name.lower()
        if name == "logit_scale":
            parameter.fill_(2.5)
        elif "bias" in lower:
            parameter.normal_(0, 0.2)
        elif any(part in lower for part in ("norm", "ln_", "_ln")):
            parameter.normal_(1, 0.2)
        elif "embed" in lower and "patch" not in lower or "token" in lower:
            parameter.normal_(0, 0.5)
        elif name.endswith("text_projection"):
            parameter.normal_(0, parameter.shape[0] ** -0.5)
        else:
            parameter.normal_(0, 1.3 * parameter[0].numel() ** -0.5)
        if half:
            parameter.copy_(parameter.half().float())
    return model.eval()


def states_of(blocks, run):
    """What goes into the first block and what comes out of each, and the result."""
    states = []
    hooks = [blocks[0].register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))]
    hooks += [block.register_forward_hook(lambda _, __, output: states.append(output)) for block in blocks]
    with torch.no_grad():
        result = run()
    for hook in hooks:
        hook.remove()
    assert len(states) == len(blocks) + 1
    return states, result


def stored(model, half, names=lambda name: name):
    return {
        names(name): (tensor.half() if half and tensor.is_floating_point() else tensor).detach().clone().contiguous()
        for name, tensor in model.state_dict().items()
    }


def write(case, config, expected, save, file="model.safetensors"):
    """A model's folder; `expected` is None where another model's applies."""
    folder = os.path.join(OUT, case)
    os.makedirs(folder)
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out, indent=1)
    save(os.path.join(folder, file))
    if expected is not None:
        write_expected(expected, case)


def write_expected(expected, case, name="expected"):
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in expected.items()}
    save_file(tensors, os.path.join(OUT, case, f"{name}.safetensors"))


def torch_file(state, wrap):
    wrapped = {
        "model": lambda: {"model": state, "epoch": 3},
        "module": lambda: {"module": state},
        "state_dict": lambda: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        "bare": lambda: state,
    }[wrap]()
    return lambda path: torch.save(wrapped, path)


def safetensors_file(state):
    # Tensors that several names share, as the rotary tables of the blocks, are written once each.
    return lambda path: save_file({name: tensor.clone() for name, tensor in state.items()}, path, {"format": "pt"})


# -- backbones ---------------------------------------------------------------------------------------------------------

layer_norm = partial(nn.LayerNorm, eps=1e-6)
SMALL = dict(img_size=12, patch_size=4, embed_dim=16, depth=2, num_heads=2)


def backbone(case, architecture, model, args, wrap="model", half=True, masked=False, timm_names=False, rest=None):
    randomise(model, half)
    size = args["img_size"]
    pixels = torch.randn(2, 3, size, size)
    expected = {"in.pixels": pixels}
    if masked:
        mask = torch.rand(2, (size // args["patch_size"]) ** 2) < 0.4
        expected["in.mask"] = mask.to(torch.uint8)
        states, features = states_of(model.blocks, lambda: model.forward_features(pixels, mask))
        expected["patches"] = model.lm_head(features[:, 1:])
        assert torch.equal(expected["patches"][mask], model(pixels, mask))
    else:
        states, logits = states_of(model.blocks, lambda: model(pixels))
        expected["logits"] = logits
        with torch.no_grad():
            pooled = model.forward_features(pixels)
            expected["features"] = model.forward_head(pooled, pre_logits=True) if timm_names else pooled
    expected.update({f"states.{i}": state for i, state in enumerate(states)})
    state = stored(model, half)
    config = {"architecture": architecture, **(rest or {}), "model_args": args}
    save, file = (safetensors_file(state), "model.safetensors") if timm_names else (torch_file(state, wrap), f"{case}.pt")
    write(case, config, expected, save, file)


args = dict(SMALL, mlp_ratio=2.5, num_classes=7)
backbone(
    "g-1k",
    "eva_g_patch14",
    finetune01.VisionTransformer(
        **args, qkv_bias=True, norm_layer=partial(finetune01.LayerNormWithForceFP32, eps=1e-6), use_checkpoint=False
    ),
    args,
)
args = dict(SMALL, mlp_ratio=2.5)
backbone(
    "g-21k",
    "eva_giant_patch14_224",
    timm.create_model("eva_giant_patch14_224", **args, num_classes=31),
    args,
    half=False,
    timm_names=True,
    rest={"num_classes": 31},
)
args = dict(SMALL, mlp_ratio=2.5, predict_feature_dim=12)
backbone(
    "g-mim",
    "eva_g_patch14_224",
    pretrain01.VisionTransformerForMaskedImageModeling(
        **args, qkv_bias=True, norm_layer=partial(finetune01.LayerNormWithForceFP32, eps=1e-6)
    ),
    args,
    wrap="module",
    masked=True,
)
args = dict(SMALL, mlp_ratio=3, num_classes=9)
backbone(
    "l-1k",
    "eva_l_patch14",
    finetune01.MAEVisionTransformer(**args, qkv_bias=True, norm_layer=layer_norm),
    args,
    wrap="state_dict",
)

rotary = dict(qkv_bias=True, norm_layer=layer_norm, xattn=True, rope=True)
finetuned = dict(rotary, pt_hw_seq_len=16, intp_freq=True)
split = dict(subln=True, naiveswiglu=True)
NAME = "eva02_{}_patch14_xattn_fusedLN_{}_RoPE{}"
args = dict(SMALL, mlp_ratio=4 * 2 / 3, num_classes=8)
backbone(
    "ti-1k",
    NAME.format("tiny", "SwiGLU_preln", ""),
    finetune02.VisionTransformer(**args, **finetuned, swiglu=True),
    args,
)
args = dict(SMALL, num_heads=4, mlp_ratio=4 * 2 / 3)
backbone(
    "s-1k",
    "eva02_small_patch14_336",
    timm.create_model("eva02_small_patch14_336", **args, num_classes=10),
    args,
    half=True,
    timm_names=True,
    rest={"num_classes": 10},
)
# While a masked image model is trained, places are those of its own grid.
args = dict(SMALL, mlp_ratio=4 * 2 / 3, predict_feature_dim=10)
backbone(
    "s-mim",
    NAME.format("small", "SwiGLU_preln", "_xavier_normal_init"),
    pretrain02.VisionTransformerForMaskedImageModeling(**args, **rotary, swiglu=True),
    dict(args, ref_feat_shape=[3, 3]),
    masked=True,
)
args = dict(SMALL, mlp_ratio=4 * 2 / 3, num_classes=11)
backbone(
    "b-1k",
    NAME.format("base", "NaiveSwiGLU_subln", ""),
    finetune02.VisionTransformer(**args, **finetuned, **split),
    args,
)
args = dict(SMALL, img_size=20, depth=3, mlp_ratio=4 * 2 / 3)
backbone(
    "l02-21k",
    "eva02_large_patch14_448",
    timm.create_model("eva02_large_patch14_448", **args, num_classes=21),
    args,
    timm_names=True,
    rest={"num_classes": 21},
)
args = dict(SMALL, mlp_ratio=4 * 2 / 3, predict_feature_dim=14)
backbone(
    "b-mim",
    NAME.format("base", "NaiveSwiGLU_subln", "_xavier_normal_init"),
    pretrain02.VisionTransformerForMaskedImageModeling(**args, **rotary, **split),
    dict(args, ref_feat_shape=[3, 3]),
    wrap="module",
    masked=True,
)

# -- EVA-CLIP ----------------------------------------------------------------------------------------------------------

TEXT = dict(context_length=7, vocab_size=24, width=8, heads=2, layers=2)
VISION = dict(image_size=12, layers=2, width=16, head_width=8, patch_size=4, drop_path_rate=0, eva_model_name="small")
B02 = dict(VISION, mlp_ratio=2.6667, xattn=True, rope=True, pt_hw_seq_len=16, intp_freq=True, naiveswiglu=True, subln=True)


def ids_of(text):
    """Random ids between the marks of begin and end, the greatest two, padded with 0."""
    ids = torch.zeros(3, text["context_length"], dtype=torch.int64)
    for row, length in enumerate([text["context_length"], 2, 5]):
        ids[row, :length] = torch.randint(1, text["vocab_size"] - 2, (length,))
        ids[row, 0] = text["vocab_size"] - 2
        ids[row, length - 1] = text["vocab_size"] - 1
    return ids


def clip_outputs(model, config, trunk):
    size = config["vision_cfg"]["image_size"]
    pixels, ids = torch.randn(2, 3, size, size), ids_of(config["text_cfg"])
    vision, image = states_of(trunk.blocks, lambda: model.encode_image(pixels))
    text, features = states_of(model.text.transformer.resblocks, lambda: model.encode_text(ids))
    if text[0].shape[0] == ids.shape[1]:
        text = [state.transpose(0, 1) for state in text]
    images, texts = F.normalize(image, dim=-1), F.normalize(features, dim=-1)
    return {
        "in.pixels": pixels,
        "in.ids": ids,
        **{f"vision.states.{i}": state for i, state in enumerate(vision)},
        **{f"text.states.{i}": state for i, state in enumerate(text)},
        "vision.features": image,
        "vision.embeds": images,
        "text.features": features,
        "text.embeds": texts,
        "logits_per_image": model.logit_scale.exp() * images @ texts.T,
    }


def transformers_names(state, width):
    """Under the names of modeling_evaclip.py, which lies beside the weights of BAAI/EVA-CLIP-8B."""
    result = {"logit_scale": state["logit_scale"], "text_projection.weight": state["text.text_projection"].T.contiguous()}
    for name in ("weight", "bias"):
        if f"visual.head.{name}" in state:
            result[f"visual_projection.{name}"] = state[f"visual.head.{name}"]
        if f"visual.norm.{name}" in state:
            result[f"vision_model.post_layernorm.{name}"] = state[f"visual.norm.{name}"]
        result[f"vision_model.embeddings.patch_embedding.{name}"] = state[f"visual.patch_embed.proj.{name}"]
        result[f"text_model.final_layer_norm.{name}"] = state[f"text.ln_final.{name}"]
    result["vision_model.embeddings.class_embedding"] = state["visual.cls_token"][0, 0]
    result["vision_model.embeddings.position_embedding.weight"] = state["visual.pos_embed"][0]
    result["text_model.embeddings.token_embedding.weight"] = state["text.token_embedding.weight"]
    result["text_model.embeddings.position_embedding.weight"] = state["text.positional_embedding"]
    parts = {
        "norm1": "layer_norm1", "norm2": "layer_norm2", "ln_1": "layer_norm1", "ln_2": "layer_norm2",
        "attn.proj": "self_attn.out_proj", "attn.out_proj": "self_attn.out_proj",
        "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
    }  # fmt: skip
    for name, tensor in state.items():
        for old, new in [("visual.blocks.", "vision_model"), ("text.transformer.resblocks.", "text_model")]:
            if not name.startswith(old):
                continue
            layer, rest = name[len(old) :].split(".", 1)
            path = f"{new}.encoder.layers.{layer}"
            if "qkv" in rest or "in_proj" in rest:
                for part, third in zip("qkv", tensor.chunk(3)):
                    result[f"{path}.self_attn.{part}_proj.{'bias' if 'bias' in rest else 'weight'}"] = third.contiguous()
            else:
                stem, leaf = rest.rsplit(".", 1)
                result[f"{path}.{parts.get(stem, stem)}.{leaf}"] = tensor
    return result


def transformers_config(config):
    vision, text = config["vision_cfg"], config["text_cfg"]
    return {
        "architectures": ["EvaCLIPModel"],
        "model_type": "clip",
        "projection_dim": config["embed_dim"],
        "vision_config": {
            "hidden_size": vision["width"],
            "intermediate_size": int(vision["width"] * vision["mlp_ratio"]),
            "num_hidden_layers": vision["layers"],
            "num_attention_heads": vision["width"] // vision["head_width"],
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-6,
            "q_bias": False,
            "k_bias": False,
            "v_bias": False,
            "use_rms_norm": True,
            "post_layernorm": vision["postnorm"],
        },
        "text_config": {
            "hidden_size": text["width"],
            "intermediate_size": 4 * text["width"],
            "num_hidden_layers": text["layers"],
            "num_attention_heads": text["heads"],
            "max_position_embeddings": text["context_length"],
            "vocab_size": text["vocab_size"],
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-5,
        },
    }


def eva_clip(case, vision, text, embed_dim=12, wrap="bare", half=True, transformers=False):
    config = {"embed_dim": embed_dim, "vision_cfg": vision, "text_cfg": text}
    model = randomise(clip.CustomCLIP(embed_dim, dict(vision), dict(text)), half)
    expected = clip_outputs(model, config, model.visual)
    state = stored(model, half)
    write(case, config, expected, torch_file(state, wrap), f"{case}.pt")
    if transformers:
        named = transformers_names(state, vision["width"])
        write(f"{case}-transformers", transformers_config(config), None, safetensors_file(named))
    return config, model


g = dict(VISION, mlp_ratio=2.25, xattn=True)
eva_clip("clip-g", g, TEXT)
eva_clip("clip-g-plus", g, dict(TEXT, width=12, heads=3, layers=3), wrap="state_dict")
config, model = eva_clip("clip-b", B02, dict(TEXT, xattn=True))
eva_clip("clip-l", dict(B02, layers=3), TEXT, embed_dim=10)
eva_clip("clip-l-336", dict(B02, image_size=20), TEXT, half=False)
e = dict(VISION, mlp_ratio=2, xattn=True, postnorm=True)
eva_clip("clip-e", e, TEXT)
eva_clip("clip-e-plus", e, dict(TEXT, width=12, heads=3, layers=3))
rms = dict(VISION, mlp_ratio=2, xattn=True, qkv_bias=False, use_rms_norm=True)
eva_clip("clip-8b", dict(rms, postnorm=False), TEXT, transformers=True)
eva_clip("clip-18b", dict(rms, postnorm=True), TEXT, embed_dim=14, transformers=True)

# Pictures of another size: the original code interpolates the learned positions when it loads a checkpoint.
larger = dict(config, vision_cfg=dict(config["vision_cfg"], image_size=20))
resized = clip.CustomCLIP(config["embed_dim"], dict(larger["vision_cfg"]), dict(larger["text_cfg"])).eval()
state = {name: tensor for name, tensor in model.state_dict().items() if "rope" not in name}
utils = importlib.import_module("eva_clip.utils")
utils.resize_evaclip_pos_embed(state, resized)
missing, unexpected = resized.load_state_dict(state, strict=False)
assert not unexpected and all("rope" in name for name in missing)
write_expected(clip_outputs(resized, larger, resized.visual), "clip-b", "larger")

# From pictures to vectors, with the original code's transform.
transform = importlib.import_module("eva_clip.transform").image_transform(12, is_train=False)
names = """rgb.png photo.jpg grey.png wide.png column.png jpeg_420.jpg rgba.png palette.png grey_alpha.png bilevel.png
palette.gif transparent.gif palette_alphas.png rgb_transparent_colour.png lossy_alpha.webp rgba.tiff""".split()
pixels = [transform(Image.open(os.path.join(PICTURES, name))) for name in names]
with torch.no_grad():
    embeds = model.encode_image(torch.stack(pixels), normalize=True)
with open(os.path.join(OUT, "clip-b/pictures.json"), "w") as out:
    rows = [[round(x, 7) for x in row] for row in embeds.tolist()]
    digests = [hashlib.sha256(x.numpy().tobytes()).hexdigest() for x in pixels]
    json.dump({"pictures": names, "pixels": digests, "embeds": rows}, out)

# Under the names of timm and open_clip.
common = dict(img_size=12, patch_size=4, embed_dim=16, depth=2, num_heads=2, global_pool="token")


@register_model
def eva_giant_small(pretrained=False, **kwargs):
    return _create_eva("eva_giant_small", **dict(common, mlp_ratio=2.25, **_given(kwargs)))


@register_model
def eva02_base_clip_small(pretrained=False, **kwargs):
    swiglu = dict(qkv_fused=False, mlp_ratio=4 * 2 / 3, swiglu_mlp=True, scale_mlp=True, scale_attn_inner=True)
    place = dict(use_rot_pos_emb=True, ref_feat_shape=(16, 16))
    return _create_eva("eva02_base_clip_small", **dict(common, **swiglu, **place, **_given(kwargs)))


@register_model
def eva02_enormous_small(pretrained=False, **kwargs):
    return _create_eva("eva02_enormous_small", **dict(common, mlp_ratio=2, use_post_norm=True, **_given(kwargs)))


def _given(kwargs):
    return {key: value for key, value in kwargs.items() if key == "num_classes"}


for case, name, vision in [
    ("clip-g-openclip", "eva_giant_small", g),
    ("clip-b-openclip", "eva02_base_clip_small", B02),
    ("clip-e-openclip", "eva02_enormous_small", e),
]:
    timm_vision = dict(
        image_size=12, timm_model_name=name, timm_model_pretrained=False, timm_pool="token", timm_proj=None
    )
    model = randomise(open_clip.CustomTextCLIP(12, timm_vision, dict(TEXT)), True)
    config = {"embed_dim": 12, "vision_cfg": vision, "text_cfg": TEXT}
    expected = clip_outputs(model, config, model.visual.trunk)
    write(case, config, expected, safetensors_file(stored(model, True)))


# -- published configurations at full size -----------------------------------------------------------------------------


def table_of(make):
    """The number of parameters, and a digest of their names and shapes, of a model that has no memory."""
    linspace = torch.linspace
    # The rates of stochastic depth are read as numbers, which the device without memory has not.
    torch.linspace = partial(linspace, device="cpu")
    with torch.device("meta"):
        model = make()
    torch.linspace = linspace
    lines = [f"{name} {','.join(map(str, p.shape))}" for name, p in model.named_parameters()]
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    return {"parameters": sum(p.numel() for p in model.parameters()), "digest": digest}


tables = {}
for file in sorted(os.listdir(os.path.join(EVA, "EVA-CLIP-18B/shinji/eva_clip/model_configs"))):
    if "EVA01-CLIP-B" not in file:
        config = json.load(open(os.path.join(EVA, "EVA-CLIP-18B/shinji/eva_clip/model_configs", file)))
        for tower in ("vision_cfg", "text_cfg"):
            config[tower]["fusedLN"] = False
        tables[file[: -len(".json")]] = table_of(lambda: clip.CustomCLIP(**config))
fp32_norm = partial(finetune01.LayerNormWithForceFP32, eps=1e-6)
giant = dict(patch_size=14, embed_dim=1408, depth=40, num_heads=16, mlp_ratio=6144 / 1408, qkv_bias=True, norm_layer=fp32_norm)
large = dict(patch_size=14, embed_dim=1024, depth=24, num_heads=16, mlp_ratio=4, qkv_bias=True, norm_layer=layer_norm)
tables["eva_psz14"] = table_of(lambda: pretrain01.VisionTransformerForMaskedImageModeling(**giant))
tables["eva_21k_224px_psz14"] = table_of(lambda: finetune01.VisionTransformer(**giant, num_classes=21841))
tables["eva_21k_1k_336px_psz14_ema_89p6"] = table_of(lambda: finetune01.VisionTransformer(**giant, img_size=336))
tables["eva_l_psz14_336px_1k_ft_88p65"] = table_of(lambda: finetune01.MAEVisionTransformer(**large, img_size=336))
for letter, name, packed in [("Ti", "tiny", True), ("S", "small", True), ("B", "base", False), ("L", "large", False)]:
    architecture = NAME.format(name, "SwiGLU_preln" if packed else "NaiveSwiGLU_subln", "")
    size = 336 if packed else 448
    tables[f"eva02_{letter}_pt_in21k_ft_in1k_p14"] = table_of(lambda: getattr(finetune02, architecture)(img_size=size))
    masked = getattr(pretrain02, architecture + "_xavier_normal_init")
    tables[f"eva02_{letter}_pt_in21k_p14"] = table_of(lambda: masked(predict_feature_dim=1024))
with open(os.path.join(OUT, "published.json"), "w") as out:
    json.dump(tables, out, indent=1)
total = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(OUT) for name in names)
print(f"{len(os.listdir(OUT))} models, {total} bytes")
