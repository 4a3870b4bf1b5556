"""Goldens of lm-eval's dialect: the tasks in packages/flageval/goldens/lmEval run by lm-eval itself.

Needs lm-eval 0.4.13 with torch (CPU), scikit-learn and sacrebleu. Writes the data of the tasks (seed 7) and
results.json: numbers, and the hash of every prompt. The model is a hash of the characters; `hashModel.ts` beside the
test is the same function.

    python tools/oracles/lm_eval_tasks.py
"""

import json
import os
import random
from pathlib import Path

os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("LMEVAL_LOG_LEVEL", "ERROR")

import lm_eval
import pyarrow as pa
import pyarrow.parquet as pq
from lm_eval.api.model import TemplateLM
from lm_eval.tasks import TaskManager
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

HOME = Path(__file__).resolve().parents[2] / "packages/flageval/goldens/lmEval"
TASKS = HOME / "tasks"
MASK = 0xFFFFFFFF
ITERATIONS = 2000
MAX_LENGTH = 32

WORDS = "river stone lamp orange quiet 河流 石头 Straße naïve école мост река garden seven twelve window 夜 雨".split()
TOPICS = ["nature", "numbers", "houses"]


def mixed(state: int) -> int:
    state ^= state >> 15
    state = state * 2246822519 & MASK
    return state ^ state >> 13


def folded(state: int, numbers) -> int:
    for number in numbers:
        state = (state ^ number) * 16777619 & MASK
    return state


class HashModel(TemplateLM):
    """Characters as tokens; probabilities and answers are hashes of what stands before."""

    backend = "causal"
    tokenizer_name = "characters"

    def __init__(self):
        super().__init__()
        self._asked = {}

    @property
    def eot_token_id(self):
        return 0

    def tok_encode(self, string, add_special_tokens=None, **kwargs):
        return [ord(char) for char in string]

    def _loglikelihood_tokens(self, requests, disable_tqdm=False, **kwargs):
        scores = []
        for _, context, continuation in requests:
            kept = (list(context) + list(continuation))[-(MAX_LENGTH + 1) :]
            start = len(kept) - len(continuation)
            total, greedy = 0.0, True
            for at in range(start, len(kept)):
                before = kept[max(0, at - 3) : at]
                state = mixed(folded(2166136261 ^ (start % 251), before + [kept[at]]))
                total -= 0.05 + (state % 4096) / 1024
                greedy = greedy and (state >> 12) % 8 != 0
            scores.append((total, greedy))
        return scores

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        sums = []
        for request in requests:
            windows = get_rolling_token_windows(self.tok_encode(request.args[0]), self.prefix_token_id, MAX_LENGTH, 1)
            pairs = [(None, *make_disjoint_window(window)) for window in windows]
            sums.append(sum(score for score, _ in self._loglikelihood_tokens(pairs)))
        return sums

    def generate_until(self, requests, disable_tqdm=False):
        answers = []
        for request in requests:
            prompt, options = request.args
            repeat = self._asked[id(request)] = self._asked.get(id(request), -1) + 1
            words = prompt.split()
            state = mixed(folded(2166136261 ^ repeat, [ord(char) for char in prompt]))
            word = words[(state >> 8) % len(words)]
            text = [
                f"The answer is {word}.\n\nNext question",
                f"{word} #### {state % 20}",
                f" {word.upper()} ",
                f"({'ABCD'[state >> 4 & 3]}) {word}",
                " ".join(words[-4:]),
                words[-1],
                f"{words[-1]}, {word}: {state % 7}",
                " ".join(words[1:]),
            ][(state >> 20) % 8]
            for end in options["until"]:
                text = text.split(end)[0]
            answers.append(text)
        return answers


def write_data():
    folder = TASKS / "data"
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)

    def words(low, high):
        return " ".join(draw.choice(WORDS) for _ in range(draw.randint(low, high)))

    def write(name, docs):
        lines = [json.dumps(doc, ensure_ascii=False) for doc in docs]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def question(i):
        number = draw.randrange(4)
        return {
            "question": f" What is {words(2, 5)}?",
            "topic": draw.choice(TOPICS),
            "choices": {"text": [words(1, 3) + f" {k}" for k in range(4)], "label": list("ABCD")},
            "answer": "ABCD"[number],
            "number": number,
        }

    write("questions.jsonl", [question(i) for i in range(24)])
    write("train.jsonl", [question(i) for i in range(30)])
    write(
        "letters.jsonl",
        [
            {"question": f"Which one is {words(1, 2)}?", "choices": draw.sample(WORDS, 4), "number": draw.randrange(4)}
            for _ in range(20)
        ],
    )
    write(
        "blanks.jsonl",
        [
            {
                "sentence": f"The {words(1, 2)} _ {words(2, 3)}.",
                "first": draw.choice(WORDS),
                "second": draw.choice(WORDS),
                "answer": draw.randrange(2),
            }
            for _ in range(16)
        ],
    )
    several = []
    for _ in range(18):
        options = [words(1, 2) for _ in range(5)]
        several.append({"prompt": f"{words(3, 4)} ?", "options": options, "right": sorted(draw.sample(range(5), 2))})
    write("several.jsonl", several)
    write("binary.jsonl", [{"text": words(3, 6), "label": draw.random() < 0.4} for _ in range(20)])
    write("sentences.jsonl", [{"text": words(4, 9) + draw.choice([".", "!", ", 3.5"])} for _ in range(15)])
    write("pages.jsonl", [{"page": "\n".join(words(1, 30) for _ in range(draw.randint(1, 4)))} for _ in range(9)])
    write("echo.jsonl", [{"word": draw.choice(WORDS) + draw.choice(["", "s", " 1,5"])} for _ in range(22)])
    write(
        "sums.jsonl",
        [
            {"question": f"{a} and {b} make?", "solution": f"Add them.\n#### {a + b}"}
            for a, b in [(draw.randrange(10), draw.randrange(10)) for _ in range(20)]
        ],
    )
    write("aliases.jsonl", [{"names": draw.sample(WORDS, draw.randint(2, 3))} for _ in range(14)])
    sums = [(draw.randrange(50), draw.randrange(50)) for _ in range(12)]
    rows = [
        {"a": a, "b": b, "choices": [str(a + b - 1), str(a + b), str(a * b)], "answer": draw.randrange(3)}
        for a, b in sums
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "table.parquet", compression="snappy")


def main():
    write_data()
    os.chdir(TASKS)
    names = sorted(path.stem for path in TASKS.glob("*.yaml") if not path.stem.startswith(("_", "group_inner")))
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    goldens = {"lm_eval": lm_eval.__version__, "iterations": ITERATIONS, "runs": {}}
    for name in names:
        results = lm_eval.simple_evaluate(
            model=HashModel(), tasks=[name], task_manager=manager, bootstrap_iters=ITERATIONS, log_samples=True
        )
        kept = ["results", "groups", "group_subtasks", "versions", "n-shot", "higher_is_better", "n-samples"]
        run = {key: results[key] for key in kept if key in results}
        first = {task: samples[0] for task, samples in results["samples"].items()}
        run["prompts"] = {
            task: [sample["prompt_hash"][:8] for sample in samples if sample["filter"] == samples[0]["filter"]]
            for task, samples in results["samples"].items()
        }
        run["first"] = {task: sample["arguments"] for task, sample in first.items()}
        goldens["runs"][name] = run
    windows = [
        [length, context, list(get_rolling_token_windows(list(range(34)), -100, length, context))]
        for length, context in [(10, 1), (10, 8), (10, 10), (34, 1), (50, 5)]
    ]
    goldens["windows"] = [
        [length, context, [make_disjoint_window(pair) for pair in pairs]] for length, context, pairs in windows
    ]
    text = json.dumps(goldens, ensure_ascii=False, separators=(",", ":"), default=float)
    (HOME / "results.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
