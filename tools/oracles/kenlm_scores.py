"""Scores of KenLM for small models in every format.

    LMPLZ=lmplz BUILD_BINARY=build_binary python tools/oracles/kenlm_scores.py FOLDER packages/flagdata/goldens/kenlm.json.gz

FOLDER is what tools/oracles/datatrove_corpus.ts wrote. lmplz and build_binary are KenLM's programs, built from its source
(kpu/kenlm at 4cb443e6); the scores are those of the Python package kenlm 0.3.0. The models are part of the golden file.
"""

import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version

import kenlm

lmplz = os.environ.get("LMPLZ", "lmplz")
build_binary = os.environ.get("BUILD_BINARY", "build_binary")

formats = {
    "probing": ["probing"],
    "rest": ["-r", "REST", "probing"],
    "trie": ["trie"],
    "quantised": ["-q", "8", "-b", "7", "trie"],
    "array": ["-a", "22", "trie"],
    "quantised-array": ["-q", "6", "-b", "8", "-a", "22", "trie"],
}


def call(*args, **keywords):
    subprocess.run([*map(str, args)], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **keywords)


def scores(path, lines):
    model = kenlm.Model(path)
    return [[model.score(line), model.score(line, bos=False, eos=False), model.perplexity(line)] for line in lines]


def main(folder, output):
    lines = []
    for line in open(f"{folder}/corpus.jsonl", encoding="utf-8"):
        for part in json.loads(line)["text"].split("\n"):
            words = [w for w in part.lower().split() if w not in ("<s>", "</s>", "<unk>")]
            if words:
                lines.append(" ".join(words))
    train, tested = lines[:15], lines[5:105]
    golden = {
        "made": "tools/oracles/kenlm_scores.py",
        "versions": {"kenlm": version("kenlm")},
        "texts": tested,
        "models": {},
    }
    with tempfile.TemporaryDirectory() as work:
        text, arpa = f"{work}/text", f"{work}/model.arpa"
        open(text, "w", encoding="utf-8").write("\n".join(train) + "\n")
        call(lmplz, "-o", 4, "-S", "100M", "--discount_fallback", "--prune", 0, 0, 1, "--text", text, "--arpa", arpa)
        # Rest costs want lower-order models; the same model, cut, serves.
        orders = [f"{work}/{n}.arpa" for n in (1, 2, 3)]
        for n, path in zip((1, 2, 3), orders):
            call(lmplz, "-o", n, "-S", "100M", "--discount_fallback", "--text", text, "--arpa", path)
        golden["models"]["arpa"] = {"model": open(arpa, encoding="utf-8").read(), "scores": scores(arpa, tested)}
        for name, args in formats.items():
            path = f"{work}/{name}.bin"
            args = [part for arg in args for part in ([" ".join(orders)] if arg == "REST" else [arg])]
            call(build_binary, "-s", *args, arpa, path)
            model = base64.b64encode(open(path, "rb").read()).decode()
            found = scores(path, tested)
            same = found == golden["models"]["arpa"]["scores"]
            golden["models"][name] = {"model": model, **({} if same else {"scores": found})}
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())
    print({name: "scores" in it for name, it in golden["models"].items()})


main(*sys.argv[1:])
