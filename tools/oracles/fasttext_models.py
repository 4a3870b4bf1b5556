"""Models that fastText's program trains and quantises, and what they predict.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER
    FASTTEXT=fasttext python tools/oracles/fasttext_models.py FOLDER packages/flagdata/goldens/fasttext.json.gz

FASTTEXT is the program, from Debian's package fasttext 0.9.2, which is built without fused multiply-add. Predictions are
those of the Python package (fasttext-wheel 0.9.2). The golden file holds the SHA-256 of every trained .bin, the quantised
models themselves, and hashes of all labels with all scores (as 32-bit floats) of every model for some texts.
"""

import base64
import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
from importlib.metadata import version

from fasttext.FastText import _FastText

program = os.environ.get("FASTTEXT", "fasttext")

trained = {
    "softmax": {"dim": 10, "epoch": 3, "wordNgrams": 2, "bucket": 500, "minCount": 2},
    "hs": {"dim": 7, "epoch": 3, "loss": "hs", "minn": 2, "maxn": 4, "bucket": 300},
    "ova": {"dim": 16, "epoch": 2, "loss": "ova", "minCount": 3},
    "ns": {"dim": 5, "epoch": 3, "loss": "ns", "neg": 3, "wordNgrams": 3, "minn": 3, "maxn": 3, "bucket": 400},
    "many": {"dim": 4, "epoch": 2, "lr": 0.5, "minCount": 3, "wordNgrams": 3, "bucket": 300},
}
quantised = {
    "softmax-qnorm": ("softmax", ["-qnorm", "-dsub", "4"]),
    "hs-cutoff-retrain": ("hs", ["-cutoff", "400", "-retrain", "-epoch", "2", "-thread", "1", "-dsub", "3"]),
    "ns-cutoff": ("ns", ["-cutoff", "500", "-qnorm"]),
    "many-qout": ("many", ["-qnorm", "-qout"]),
}


def call(*args):
    subprocess.run([program, *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def predictions(path, texts):
    model = _FastText(path)
    lines = []
    for text in texts:
        labels, scores = model.predict(text, k=-1)
        lines.append(" ".join(f"{label}={struct.pack('>f', score).hex()}" for label, score in zip(labels, scores)))
    return [hashlib.sha256(line.encode()).hexdigest()[:8] for line in lines]


def main(folder, output):
    texts = [json.loads(line)["text"].replace("\n", " ") for line in open(f"{folder}/languages.jsonl")][::40]
    golden = {
        "made": "tools/oracles/fasttext_models.py",
        "versions": {"fasttext": "0.9.2 (Debian)", "fasttext-wheel": version("fasttext-wheel")},
        "texts": len(texts),
        "trained": {},
        "quantised": {},
    }
    with tempfile.TemporaryDirectory() as work:
        for name, options in trained.items():
            text = "many.txt" if name == "many" else "labelled.txt"
            args = [part for key, value in options.items() for part in (f"-{key}", value)]
            path = f"{work}/{name}"
            call("supervised", "-input", f"{folder}/{text}", "-output", path, "-thread", 1, *args)
            sha = hashlib.sha256(open(f"{path}.bin", "rb").read()).hexdigest()
            golden["trained"][name] = {"options": options, "sha256": sha, "scores": predictions(f"{path}.bin", texts)}
        for name, (base, args) in quantised.items():
            text = "many.txt" if base == "many" else "labelled.txt"
            call("quantize", "-output", f"{work}/{base}", "-input", f"{folder}/{text}", *args)
            path = f"{work}/{base}.ftz"
            model = base64.b64encode(open(path, "rb").read()).decode()
            golden["quantised"][name] = {"of": base, "model": model, "scores": predictions(path, texts)}
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden).encode())


main(*sys.argv[1:])
