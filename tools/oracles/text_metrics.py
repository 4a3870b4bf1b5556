"""Golden values of the text metrics from lm-eval's own aggregations, which are sacrebleu's and scikit-learn's.

Made with lm-eval 0.4.13, sacrebleu 2.6.0 and scikit-learn. Run: python tools/oracles/text_metrics.py
(writes packages/flageval/goldens/metrics/texts.json)

The inputs are not stored: both sides draw them from mulberry32 with the case's number as seed, in the order written
here; `textMetrics.test.ts` holds the twin of `corpus_case` and `label_case`.
"""

import json
import math
import pathlib
import random

from lm_eval.api import metrics as lm

OUT = pathlib.Path(__file__).parents[2] / "packages/flageval/goldens/metrics/texts.json"
CASES = 1000
WORDS = (
    "the a cat sat on mat, dog's 3.5 10,000 runs-fast (well) “so” naïve 猫在 垫子上。 École end. &amp; x! 7-8 Ω mat cat the"
).split()


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


def sentence(u, longest):
    return " ".join(WORDS[below(u, len(WORDS))] for _ in range(below(u, longest)))


def changed(u, text):
    """Words dropped, replaced, or a block moved to the front."""
    words = text.split()
    kept = [WORDS[below(u, len(WORDS))] if u() < 0.15 else word for word in words if u() >= 0.1]
    cut = below(u, len(kept) + 1)
    return " ".join(kept[cut:] + kept[:cut]) if u() < 0.5 else " ".join(kept)


def corpus_case(seed):
    u = mulberry32(seed)
    count, per_document = 1 + below(u, 3), 1 + below(u, 2)
    rows = []
    for _ in range(count):
        references = [sentence(u, 14) for _ in range(per_document)]
        answer = sentence(u, 14) if u() < 0.2 else changed(u, references[0])
        rows.append((references, answer))
    return rows


def label_case(seed):
    u = mulberry32(seed + 100_000)
    count, classes = 2 + below(u, 30), 2 + below(u, 3)
    return [(below(u, classes), below(u, classes)) for _ in range(count)]


def main():
    rows = []
    for seed in range(CASES):
        corpus, labels = corpus_case(seed), label_case(seed)
        binary = [(min(a, 1), min(b, 1)) for a, b in labels]
        values = [lm.bleu(corpus), lm.chrf(corpus), lm.chrfpp(corpus), lm.ter(corpus)]
        values += [lm.f1_score(binary), lm.matthews_corrcoef(labels)]
        rows.append([round(float(value), 9) for value in values])
    draws = []
    for seed in range(CASES):
        u = mulberry32(seed + 200_000)
        n = 1 + below(u, 120)
        draws.append(random.Random(seed * 7919).sample(range(n), below(u, min(n, 12) + 1)))
    OUT.write_text(json.dumps({"metrics": rows, "samples": draws}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
