"""FlagData's MinHash values with datasketch: sha1-32, seed 42, 256 permutations, 5-grams, threshold 0.87.

    python tools/oracles/flagdata_minhash.py packages/flagdata/goldens/flagdata_minhash.json

Needs datasketch 2 (its scheme "legacy" is the formula of FlagData and of text-dedup's earlier form) and text-dedup,
whose n-grams are used. Short texts have no n-gram, so that all values stay at their largest.
"""

import hashlib
import json
import re
import sys
from importlib.metadata import version

from datasketch import MinHash
from datasketch.lsh import _optimal_param
from text_dedup.utils import ngrams

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "The quick brown fox -- jumps over the lazy dog!  And rests, under_scored, in 2024.",
    "1203 88 9 77120 4 4 15 9981 100 23",
    "Élan vital: ÇA VA? Ärger über Öl, naïve café Ωmega ΣΟΦΟΣ.",
    "今天 天气 很 好 ， 我们 去 公园 散步 吧 。",
    "one two three four five",
    "one two three four",
    "two words",
    "",
    " ".join(f"word{i}" for i in range(400)),
    " ".join("changed" if i == 371 else f"word{i}" for i in range(400)),
]


def values(text, size, min_length):
    sketch = MinHash(num_perm=256, seed=42, scheme="legacy")
    for gram in ngrams(re.split(r"\W", text.lower()), size, min_length):
        sketch.update(" ".join(gram).encode())
    return sketch.hashvalues.astype("<u4")


def main(output):
    bands, rows = _optimal_param(0.87, 256, 0.5, 0.5)
    golden = {
        "made": "tools/oracles/flagdata_minhash.py",
        "versions": {name: version(name) for name in ("datasketch", "text-dedup", "numpy")},
        "config": {"buckets": int(bands), "hashesPerBucket": int(rows)},
        "cases": [],
    }
    for size, min_length in ((5, 5), (7, 2)):
        for text in TEXTS:
            signature = values(text, size, min_length)[: bands * rows]
            golden["cases"].append(
                {
                    "text": text,
                    "ngrams": size,
                    "minLength": min_length,
                    "first": signature[:3].tolist(),
                    "sha256": hashlib.sha256(signature.tobytes()).hexdigest(),
                }
            )
    with open(output, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=False, indent=1)
        file.write("\n")


main(*sys.argv[1:])
