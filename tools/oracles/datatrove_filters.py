"""What datatrove's filters decide about every document of the test corpus.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER        (prints the corpus' SHA-256)
    python tools/oracles/datatrove_filters.py FOLDER/corpus.jsonl SHA-256 packages/flagdata/goldens/filters.json.gz [EVERY]

EVERY takes every so many documents only. Needs datatrove[processing,io] and spacy. Every filter sees the original
document; words come from datatrove's own English tokenizer. The golden file holds per filter a string with one
character per document (its index into `reasons`), the statistics, and hashes of changed texts.
"""

import gzip
import hashlib
import json
import sys
from importlib.metadata import version

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4ParagraphFilter,
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils.text import simplify_text, split_into_words

filters = {
    "gopher-repetition": lambda: GopherRepetitionFilter(),
    "gopher-quality": lambda: GopherQualityFilter(),
    "c4": lambda: C4QualityFilter(),
    "c4-no-line-end": lambda: C4QualityFilter(filter_no_terminal_punct=False),
    "c4-paragraph": lambda: C4ParagraphFilter(),
    "fineweb-quality": lambda: FineWebQualityFilter(),
}


def short_hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def main(corpus, fingerprint, output, every=1):
    documents = [json.loads(line) for line in open(corpus, encoding="utf-8")][:: int(every)]
    made = {name: make() for name, make in filters.items()}
    counts = {name: {} for name in filters}
    for name, it in made.items():
        it.stat_update = lambda *keys, _c=counts[name], **_: [_c.__setitem__(k, _c.get(k, 0) + 1) for k in keys]
    pii = PIIFormatter()
    reasons = {name: [None] for name in filters}
    decisions = {name: [] for name in filters}
    texts = {name: [] for name in filters}
    changed, words, simple = [], hashlib.sha256(), hashlib.sha256()
    words_parts = []
    for i, document in enumerate(documents):
        text = document["text"]
        # Hashes of all words, a thousand documents at a time, to find a difference by.
        words.update(("\x00".join(split_into_words(text)) + "\x01").encode())
        simple.update((simplify_text(text) + "\x01").encode())
        if i % 1000 == 999 or i + 1 == len(documents):
            words_parts.append([words.hexdigest()[:16], simple.hexdigest()[:16]])
        for name, it in made.items():
            doc = Document(text=text, id=document["id"])
            result = it.filter(doc)
            reason = result[1] if isinstance(result, tuple) else None
            if reason not in reasons[name]:
                reasons[name].append(reason)
            decisions[name].append("0123456789abcdefghijklmnopqrstuvwxyz"[reasons[name].index(reason)])
            if reason is None and doc.text != text:
                texts[name].append([i, short_hash(doc.text)])
        formatted = pii.format(text)
        if formatted != text:
            changed.append([i, short_hash(formatted)])
    golden = {
        "made": "tools/oracles/datatrove_filters.py",
        "versions": {name: version(name) for name in ("datatrove", "spacy", "numpy")},
        "corpus": fingerprint,
        "every": int(every),
        "documents": len(documents),
        "words": words_parts,
        "filters": {
            name: {
                "reasons": reasons[name],
                "decisions": "".join(decisions[name]),
                "counts": counts[name],
                "texts": texts[name],
            }
            for name in filters
        },
        "pii": changed,
    }
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())


main(*sys.argv[1:])
