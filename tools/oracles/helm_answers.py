"""Golden values of HELM's own comparison of answers with references for packages/flageval/src/metrics/answers.ts.

Made with crfm-helm 0.5.16 and nltk. Run: python tools/oracles/helm_answers.py
(writes packages/flageval/goldens/metrics/helmAnswers.json: exact match, quasi-exact match and F1 of each case)

The inputs are not stored: both sides draw them from mulberry32 with the case's number as seed; `answers.test.ts` holds the
twin of `answer_case`. Words do not repeat: HELM counts each once, SQuAD, which we follow, as often as it occurs.
"""

import json
import math
import pathlib

from helm.benchmark.metrics.evaluate_reference_metrics import exact_match, f1_score, quasi_exact_match

OUT = pathlib.Path(__file__).parents[2] / "packages/flageval/goldens/metrics/helmAnswers.json"
CASES = 1000
WORDS = "the,A,an,Theme,cat.,dog's,(well),3.5,10,000,École,naïve,猫,run-fast,Ω!,“so”,x_y,END".split(",")


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


def changed(word, draw):
    """One of the ways in which equal answers differ."""
    kind = math.floor(draw() * 5)
    return [word, word.upper(), word + ",", "the " + word, word + " "][kind]


def answer_case(seed):
    u = mulberry32(seed)
    reference = [word for word in WORDS if u() < 0.3] or ["END"]
    same = u() < 0.7
    kept = [word for word in reference if same or u() < 0.6] or ["cat."]
    answer = [changed(word, u) if u() < 0.3 else word for word in kept]
    return " ".join(answer), " ".join(reference)


def main():
    rows = []
    for seed in range(CASES):
        answer, reference = answer_case(seed)
        rows.append(
            [
                exact_match(reference, answer),
                quasi_exact_match(reference, answer),
                round(float(f1_score(reference, answer)), 12),
            ]
        )
    OUT.write_text(json.dumps(rows, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
