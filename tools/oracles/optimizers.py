"""Golden steps of torch's optimisers: python tools/oracles/optimizers.py (torch 2.13).

Writes packages/core-tensor/goldens/optimizers.json: starting parameters, gradients of five steps, and what every
optimiser makes of them. torch's Muon orthogonalises in bfloat16; here it is kept in float32, as ours is.
"""
import json
import pathlib

import torch

torch.manual_seed(12)
torch.Tensor.bfloat16 = lambda self: self

STEPS = 5
shapes = {"wide.weight": (6, 10), "tall.weight": (9, 4), "bias": (7,)}
start = {name: torch.randn(shape) for name, shape in shapes.items()}
gradients = [{name: torch.randn(shape) for name, shape in shapes.items()} for _ in range(STEPS)]
# torch decays every parameter of a group; ours by default those of two or more dimensions.
matrices = [name for name, shape in shapes.items() if len(shape) > 1]

cases = {
    "adamW": lambda p: [torch.optim.AdamW(groups(p, 0.1), lr=0.01, betas=(0.9, 0.98), eps=1e-8)],
    "sgd": lambda p: [torch.optim.SGD(p.values(), lr=0.05, momentum=0.9)],
    "nesterov": lambda p: [torch.optim.SGD(p.values(), lr=0.05, momentum=0.9, nesterov=True)],
    "adafactor": lambda p: [torch.optim.Adafactor(groups(p, 0.1), lr=0.02)],
    "muon": lambda p: [
        torch.optim.Muon([p[n] for n in matrices], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([p["bias"]], lr=0.01, weight_decay=0, betas=(0.9, 0.999)),
    ],
}


def groups(p, decay):
    return [
        {"params": [p[n] for n in matrices], "weight_decay": decay},
        {"params": [p["bias"]], "weight_decay": 0},
    ]


def run(make):
    p = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizers = make(p)
    for step in gradients:
        for name, gradient in step.items():
            p[name].grad = gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    return plain(p)


def clipped(limit):
    p = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    for name, gradient in gradients[0].items():
        p[name].grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(p.values(), limit)
    return {"limit": limit, "norm": norm.item(), "gradients": plain({n: v.grad for n, v in p.items()})}


plain = lambda tensors: {name: tensor.detach().flatten().tolist() for name, tensor in tensors.items()}
golden = {
    "torch": torch.__version__,
    "shapes": shapes,
    "start": plain(start),
    "gradients": [plain(step) for step in gradients],
    "after": {name: run(make) for name, make in cases.items()},
    "clipped": [clipped(0.5), clipped(1000.0)],
}
folder = pathlib.Path(__file__).parents[2] / "packages/core-tensor/goldens"
(folder / "optimizers.json").write_text(json.dumps(golden) + "\n")
