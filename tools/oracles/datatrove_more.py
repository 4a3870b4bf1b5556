"""Decisions of datatrove's filters and formatters that need no words, over the corpus of datatrove_corpus.ts.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER            (prints the SHA-256 of the corpus)
    python3 tools/oracles/datatrove_more.py FOLDER/corpus.jsonl SHA-256 packages/flagdata/goldens/datatroveMore.json.gz

Needs datatrove and ftfy. Bad words are the list given here, for English and, found anywhere, for Chinese. Every step sees
the original document.
"""

import gzip
import hashlib
import json
import re
import sys
from importlib.metadata import version

from datatrove.data import Document
from datatrove.pipeline.filters import C4BadWordsFilter, RegexFilter, SamplerFilter
from datatrove.pipeline.formatters import FTFYFormatter, SymbolLinesFormatter

BAD_WORDS = ["damn", "hell", "of the", "c++", "don't", ":)", "人人", "权利", "été"]
REGEX = r"[0-9]{3,}|http"


def bad_words(language):
    it = C4BadWordsFilter(default_language=language)
    words = "|".join(re.escape(word) for word in BAD_WORDS)
    pattern = words if language == "zh" else rf"(?:\W|^)({words})(?:\W|$)"
    it._badwords_regex[language] = re.compile(pattern)
    it.stat_update = lambda *_, **__: None
    return it


def main(corpus, fingerprint, output):
    documents = [json.loads(line) for line in open(corpus, encoding="utf-8")]
    filters = {
        "bad-words en": bad_words("en"),
        "bad-words zh": bad_words("zh"),
        "regex": RegexFilter(REGEX),
        "sampler": SamplerFilter(rate=0.3, seed=42),
    }
    formatters = {
        "symbol-lines": SymbolLinesFormatter(),
        "symbol-lines replaced": SymbolLinesFormatter(replace_char="\n"),
        "fix-text": FTFYFormatter(),
    }
    kept = {name: [] for name in filters}
    changed = {name: [] for name in formatters}
    for i, document in enumerate(documents):
        for name, it in filters.items():
            result = it.filter(Document(text=document["text"], id=document["id"]))
            kept[name].append("1" if result is True else "0")
        for name, it in formatters.items():
            text = it.format(document["text"])
            if text != document["text"]:
                changed[name].append([i, hashlib.sha256(text.encode()).hexdigest()[:8]])
    golden = {
        "made": "tools/oracles/datatrove_more.py",
        "versions": {name: version(name) for name in ("datatrove", "ftfy", "numpy")},
        "corpus": fingerprint,
        "badWords": BAD_WORDS,
        "regex": REGEX,
        "kept": {name: "".join(it) for name, it in kept.items()},
        "changed": changed,
    }
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())
    print({name: it.count("1") for name, it in kept.items()}, {name: len(it) for name, it in changed.items()})


main(*sys.argv[1:])
