"""The training step of `npm run bench:train` in PyTorch eager on the CPU.

Reads one JSON object per line on stdin: first {"config", "weights", "batch", "threads", "fused"}, where weights and
batch are paths of safetensors files and fused chooses the AdamW; then {"steps": n} again and again, each answered by
{"seconds": [...], "loss": [...]}. Needs torch, transformers and safetensors.
"""
import json
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import AltCLIPConfig, AltCLIPModel

first = json.loads(sys.stdin.readline())
torch.set_num_threads(first["threads"])
config = AltCLIPConfig(**first["config"])
for tower in (config.text_config, config.vision_config):
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "attention_dropout"):
        if hasattr(tower, name):
            setattr(tower, name, 0.0)
model = AltCLIPModel(config)
# transformers 5 calls the text tower's layers differently from the published files.
weights = {name.replace(".encoder.layer.", ".encoder.layers."): value for name, value in load_file(first["weights"]).items()}
missing, unexpected = model.load_state_dict(weights, strict=False)
missing = [name for name in missing if not name.endswith("position_ids")]
if missing or unexpected:
    raise SystemExit(f"the weights do not fit: missing {missing}, unexpected {unexpected}")
model.train()
batch = load_file(first["batch"])
pixels, ids = batch["pixels"], batch["ids"]
mask = (ids != first["config"]["text_config"]["pad_token_id"]).long()
# fused=None is what torch.optim.AdamW does by default; the fused kernel is the fastest on the CPU.
decayed = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
    lr=1e-4, betas=(0.9, 0.98), fused=True if first["fused"] else None,
)
labels = torch.arange(len(pixels))


def step():
    optimizer.zero_grad(set_to_none=True)
    out = model(input_ids=ids, attention_mask=mask, pixel_values=pixels)
    logits = out.logits_per_image
    loss = (torch.nn.functional.cross_entropy(logits, labels) + torch.nn.functional.cross_entropy(logits.T, labels)) / 2
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    seconds, losses = [], []
    for _ in range(json.loads(line)["steps"]):
        start = time.perf_counter()
        losses.append(step())
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "loss": losses}), flush=True)
