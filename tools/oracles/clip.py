"""Golden models and outputs for packages/flagai/src/models/clip.

Writes packages/flagai/goldens/clip/: small CLIP models with random weights in the patterns of OpenAI's four published
vision transformers, and `expected.safetensors` with what transformers' CLIPModel (eager attention, fp32, CPU) makes of
the inputs stored beside it:

- b32      clip-vit-base-patch32: safetensors
- b16      clip-vit-base-patch16: pytorch_model.bin as old versions of transformers wrote it, with position_ids, and
           with the end token's id given as 2, which means the greatest id
- l14      clip-vit-large-patch14: towers of different widths, safetensors in float16
- l14-336  clip-vit-large-patch14-336: safetensors

Weights are larger than a fresh model's, so that attention is far from uniform and every layer matters.
Made with torch 2.13.0, transformers 5.24.0, safetensors 0.8.0; seed 5.
Run: python tools/oracles/clip.py
"""

import json
import os
import shutil

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../packages/flagai/goldens/clip")
shutil.rmtree(OUT, ignore_errors=True)
torch.manual_seed(5)
torch.set_num_threads(1)

VOCABULARY, LENGTH = 60, 12
BEGIN, END = 58, 59
TEXT = dict(vocab_size=VOCABULARY, max_position_embeddings=LENGTH, num_hidden_layers=2, bos_token_id=BEGIN)

PATTERNS = {
    "b32": dict(
        text=dict(TEXT, hidden_size=16, intermediate_size=64, num_attention_heads=2, eos_token_id=END),
        vision=dict(hidden_size=24, intermediate_size=96, num_hidden_layers=2, num_attention_heads=3, patch_size=8, image_size=16),
        projection_dim=16,
    ),
    "b16": dict(
        text=dict(TEXT, hidden_size=16, intermediate_size=64, num_attention_heads=2, eos_token_id=2),
        vision=dict(hidden_size=24, intermediate_size=96, num_hidden_layers=2, num_attention_heads=3, patch_size=4, image_size=16),
        projection_dim=16,
    ),
    "l14": dict(
        text=dict(TEXT, hidden_size=24, intermediate_size=96, num_attention_heads=3, eos_token_id=END),
        vision=dict(hidden_size=32, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4, patch_size=7, image_size=28),
        projection_dim=24,
    ),
    "l14-336": dict(
        text=dict(TEXT, hidden_size=24, intermediate_size=96, num_attention_heads=3, eos_token_id=END),
        vision=dict(hidden_size=32, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4, patch_size=7, image_size=42),
        projection_dim=24,
    ),
}


def model_of(pattern):
    config = CLIPConfig(
        text_config=pattern["text"], vision_config=pattern["vision"], projection_dim=pattern["projection_dim"]
    )
    config._attn_implementation = "eager"
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            lower = name.lower()
            if name == "logit_scale":
                parameter.fill_(2.3)
            elif name.endswith(".bias"):
                parameter.normal_(0, 0.2)
            elif "norm" in lower:
                parameter.normal_(1, 0.2)
            elif "embedding" in lower:
                parameter.normal_(0, 0.5)
            else:
                parameter.normal_(0, 1.3 * parameter[0].numel() ** -0.5)
    return model


def texts(lengths):
    """Random ids between the marks, padded on the right with the end mark, as CLIP's tokenizer of transformers does."""
    ids = torch.full((len(lengths), max(lengths)), END)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(3, BEGIN, (length,))
        ids[row, 0] = BEGIN
        ids[row, length - 1] = END
    return ids


@torch.no_grad()
def outputs_of(model, ids, pixels):
    text = model.text_model(input_ids=ids, output_hidden_states=True)
    vision = model.vision_model(pixel_values=pixels, output_hidden_states=True)
    both = model(input_ids=ids, pixel_values=pixels)
    tensors = {
        "in.ids": ids,
        "in.pixels": pixels,
        "text.pooled": text.pooler_output,
        "text.features": model.text_projection(text.pooler_output),
        "text.embeds": both.text_embeds,
        "vision.pooled": vision.pooler_output,
        "vision.features": model.visual_projection(vision.pooler_output),
        "vision.embeds": both.image_embeds,
        "logits_per_image": both.logits_per_image,
    }
    for tower, output in (("text", text), ("vision", vision)):
        for i, state in enumerate(output.hidden_states):
            tensors[f"{tower}.hidden.{i}"] = state
    return {name: tensor.clone().contiguous() for name, tensor in tensors.items()}


for name, pattern in PATTERNS.items():
    folder = os.path.join(OUT, name)
    os.makedirs(folder)
    model = model_of(pattern)
    state = {key: tensor.detach().clone().contiguous() for key, tensor in model.state_dict().items()}
    if name == "l14":
        state = {key: tensor.half() for key, tensor in state.items()}
        model.load_state_dict({key: tensor.float() for key, tensor in state.items()})
    if name == "b16":
        state["text_model.embeddings.position_ids"] = torch.arange(LENGTH)[None]
        state["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
        torch.save(state, os.path.join(folder, "pytorch_model.bin"))
    else:
        save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    config = {
        "model_type": "clip",
        "architectures": ["CLIPModel"],
        "text_config": pattern["text"],
        "vision_config": pattern["vision"],
        "projection_dim": pattern["projection_dim"],
    }
    with open(os.path.join(folder, "config.json"), "w", encoding="utf8") as file:
        json.dump(config, file, indent=1)
    size = pattern["vision"]["image_size"]
    save_file(
        outputs_of(model, texts([9, 4, LENGTH]), torch.randn(2, 3, size, size)),
        os.path.join(folder, "expected.safetensors"),
    )
