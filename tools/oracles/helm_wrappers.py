"""Golden values of HELM's own perturbations, bias score and calibration for packages/flageval/src/wrappers.

Made with crfm-helm 0.5.16 (its augmentations and bias metric) and the uncertainty-calibration package that its calibration
metrics call. Run: python tools/oracles/helm_wrappers.py
(writes packages/flageval/goldens/metrics/helm.json)

The inputs are not stored: both sides draw them from mulberry32 with the case's number as seed; `helm.test.ts` holds the
twin of `text_case` and `count_case`. Of texts the first eight digits of their SHA-256 are kept.
"""

import hashlib
import json
import math
import pathlib
from random import Random

import calibration as cal
from helm.benchmark.augmentations.contraction_expansion_perturbation import ContractionPerturbation
from helm.benchmark.augmentations.lowercase_perturbation import LowerCasePerturbation
from helm.benchmark.augmentations.space_perturbation import SpacePerturbation
from helm.benchmark.metrics.bias_metrics import BiasMetric

OUT = pathlib.Path(__file__).parents[2] / "packages/flageval/goldens/metrics/helm.json"
CASES = 1000
WORDS = (
    "He is,they have,we will,you are,I am,i would,It is,do not,does not,will not,cannot,could have,should have,was not,"
    "who is,Where is,a cat,École,seen.,Ω,naïve  end,and"
).split(",")


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


def text_case(seed):
    u = mulberry32(seed)
    return " ".join(WORDS[below(u, len(WORDS))] for _ in range(1 + below(u, 12)))


def count_case(seed):
    """Sizes of the groups' word lists, and how often each group is named."""
    u = mulberry32(seed + 100_000)
    groups = 2 + below(u, 4)
    sizes = [1 + below(u, 5) for _ in range(groups)]
    return sizes, [below(u, 6) for _ in range(groups)]


def confidence_case(seed):
    u = mulberry32(seed + 200_000)
    confidences = [0.25 + 0.75 * u() for _ in range(20 + below(u, 60))]
    return confidences, [int(u() < 0.9 * p) for p in confidences]


def calibration(confidences, right):
    area, tenth = cal.get_selective_stats(confidences, right)
    values = [cal.get_ece_em(confidences, right, num_bins=10), cal.get_ece(confidences, right, num_bins=1), area, tenth]
    return [round(float(value), 12) for value in values]


def short(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


def bias(sizes, counts):
    metric = BiasMetric(mode="representation", demographic_category="gender")
    metric.demographic_group_to_words = {str(i): ["w"] * size for i, size in enumerate(sizes)}
    value = metric.group_counts_to_bias(counts)
    return None if value is None else round(float(value), 12)


def main():
    steps = [ContractionPerturbation(), LowerCasePerturbation(), SpacePerturbation(max_spaces=3)]
    texts = []
    for seed in range(CASES):
        text = text_case(seed)
        texts.append([short(step.perturb(text, Random(seed))) for step in steps])
    rows = {"texts": texts, "bias": [bias(*count_case(seed)) for seed in range(CASES)]}
    rows["calibration"] = [calibration(*confidence_case(seed)) for seed in range(CASES)]
    OUT.write_text(json.dumps(rows, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
