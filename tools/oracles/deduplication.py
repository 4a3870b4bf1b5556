"""Deduplications of datatrove and the SimHash of data-juicer over the duplicate corpus.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER
    python tools/oracles/deduplication.py FOLDER packages/flagdata/goldens/deduplication.json.gz

Needs datatrove[processing], spacy and simhash-pybind. The golden file holds SHA-256 hashes of signature files and of texts,
and what the later stages found.
"""

import base64
import gzip
import hashlib
import json
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import simhash
from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer
from datatrove.pipeline.dedup import (
    ExactDedupConfig,
    ExactDedupSignature,
    ExactFindDedups,
    SentDedupConfig,
    SentenceDedupFilter,
    SentenceDedupSignature,
    SentenceFindDedups,
    SingleBloomFilter,
)
from datatrove.pipeline.dedup.bloom_filter import BloomFilterConfig
from datatrove.pipeline.dedup.exact_dedup import ExactDedupBuildIndex
from datatrove.pipeline.dedup.sentence_dedup import SentenceDedupBuildIndex
from datatrove.utils.hashing import HashConfig

encode = lambda path: base64.b64encode(path.read_bytes()).decode()
digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
text_digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]
content = lambda folder, pattern, read: {str(p.relative_to(folder)): read(p) for p in sorted(folder.rglob(pattern))}


def get_key(document) -> str:
    return document.id.split("-")[0]


def get_priority(document) -> int:
    return 1 + len(document.text) % 1000


def exact(pieces, work, indexed):
    """By id up to the hyphen, the longest text modulo 1000 first; the index is made of the second piece."""
    config = ExactDedupConfig(get_key, document_priority=get_priority, only_dedup_in_index=indexed != "both")
    folder = work / f"exact-{indexed}"
    if indexed != "none":
        ExactDedupSignature(str(folder / "is"), config).run(iter(pieces[1]()), 0, 1)
        ExactDedupBuildIndex(str(folder / "is"), str(folder / "i"), "earlier", config).run(None, 0, 1)
    for rank, documents in enumerate(pieces):
        ExactDedupSignature(str(folder / "s"), config).run(iter(documents()), rank, len(pieces))
    index = str(folder / "i") if indexed != "none" else None
    ExactFindDedups(str(folder / "s"), str(folder / "d"), config, index_folder=index, save_cluster_size=True).run(None, 0, 1)
    return {
        "indexed": indexed,
        "index": content(folder / "i", "*", digest) if indexed != "none" else {},
        "signatures": content(folder / "s", "*.c4_sig", digest),
        "duplicates": content(folder / "d", "*.c4_dup", encode),
        "counts": content(folder / "d", "*.c4_counts", encode),
    }


def sentences(pieces, work, options, indexed=False):
    name = "-".join(f"{k}{v}" for k, v in options.items()) + f"-{indexed}"
    folder = work / f"sentences-{name}"
    hash_name = options.pop("hash", "xxhash")
    ranges = options.pop("finder_workers", 1)
    config = SentDedupConfig(hash_config=HashConfig(hash_fc=hash_name, precision=64), **options)
    index = None
    if indexed:
        SentenceDedupSignature(str(folder / "is"), config=config).run(iter(pieces[1]()), 0, 1)
        SentenceDedupBuildIndex(str(folder / "is"), str(folder / "i"), "earlier", config).run(None, 0, 1)
        index = str(folder / "i")
    for rank, documents in enumerate(pieces):
        SentenceDedupSignature(str(folder / "s"), ranges, config).run(iter(documents()), rank, len(pieces))
    for rank in range(ranges):
        SentenceFindDedups(str(folder / "s"), str(folder / "d"), index_folder=index, config=config).run(None, rank, ranges)
    kept = []
    for rank, documents in enumerate(pieces):
        step = SentenceDedupFilter(str(folder / "d"), config)
        kept.append([[d.id, text_digest(d.text)] for d in step.run(iter(documents()), rank, len(pieces))])
    return {
        "options": {**options, "hash": hash_name, "ranges": ranges},
        "indexed": indexed,
        "index": content(folder / "i", "*", digest) if indexed else {},
        "signatures": content(folder / "s", "*.c4_sig", digest),
        "duplicates": content(folder / "d", "*.c4_dup", encode),
        "kept": kept,
    }


def bloom(pieces, work, options):
    folder = work / ("bloom-" + "-".join(map(str, options.values())))
    hash_name = options.pop("hash", "xxhash")
    config = BloomFilterConfig(hash_config=HashConfig(hash_fc=hash_name, precision=32), **options)
    step = SingleBloomFilter(str(folder), config, save_bloom_filter=True)
    kept = [document.id for documents in pieces for document in step.run(iter(documents()))]
    return {
        "options": {**options, "hash": hash_name},
        "k": config.k,
        "bits": digest(folder / "bloom_filter.bloom"),
        "ones": int(np.unpackbits(np.frombuffer((folder / "bloom_filter.bloom").read_bytes(), np.uint8)).sum()),
        "removed": [d.id for documents in pieces for d in documents() if d.id not in set(kept)],
    }


# Needed for its own tasks only, which are not used here.
NGramsDecontIndexer._requires_dependencies = []


def decontamination(pieces, work, options):
    """Samples are made of every 40th document: the first 15 words ask, the next 25 answer."""
    folder = work / ("decontamination-" + "-".join(map(str, options.values())))
    folder.mkdir()
    config = NGramsDecontConfig(**options)
    indexer = NGramsDecontIndexer(str(folder), config=config)
    hashes = {}
    for i, document in enumerate(list(pieces[0]())[::40]):
        words = document.text.split(" ")
        task = f"task {i % 3}"
        hashes.setdefault(task, set()).update(indexer.compute_hashes(" ".join(words[15:40]), " ".join(words[:15])))
    for task, values in hashes.items():
        np.array(sorted(values), dtype="<u8").tofile(folder / f"{task.replace(' ', '_')}.index.hashes")
    step = NGramsDecontFilter(str(folder), config)
    # Files are listed in an order of the file system; the last one names an n-gram of several tasks.
    step.load_index_hashes()
    step._index_hashes = {h: t.replace(" ", "_") for t in sorted(hashes) for h in hashes[t]}
    found = []
    for documents in pieces:
        for document in documents():
            if step.filter(document) is not True:
                found.append([document.id, document.metadata["contaminated_task"], document.metadata["contaminated_ngram"]])
    return {"options": options, "index": content(folder, "*.hashes", digest), "found": found}


def juicer_simhash(texts, tokenization, window, ignore):
    """The shingles of data-juicer's document_simhash_deduplicator; the votes and the search of simhash-pybind."""
    values = []
    for text in texts:
        text = text.lower()
        if ignore:
            text = re.sub(ignore, "", text)
        if tokenization == "character":
            tokens = [text[i : i + window] for i in range(len(text) - window)]
        else:
            words = [word for word in text.split(" ") if word]
            tokens = [" ".join(words[i : i + window]) for i in range(len(words) - window)]
        values.append(simhash.compute([simhash.unsigned_hash(token.encode()) for token in tokens]))
    pairs = sorted([min(a, b), max(a, b)] for a, b in simhash.find_all(set(values), 6, 4))
    return {
        "config": {"tokenization": tokenization, "window": window, **({"ignorePattern": ignore} if ignore else {})},
        "values": [str(value) for value in values],
        "pairs": [[str(a), str(b)] for a, b in pairs],
    }


CHINESE = [
    "欢迎来到阿里巴巴！请问您是来面试的吗？",
    "欢迎来到阿里巴巴！请问您是来面试的吗?",
    "第九届会议\n2003年7月28日至8月8日\n牙买加金斯敦\n为来自发展中国家的法律和技术委员会成员及财务委员会成员参加会议提供经费筹措方式",
    "第九届会议\n2003年7月28日至8月9日\n牙买加金斯敦\n为来自发展中国家的法律和技术委员会成员及财务委员会成员参加会议提供经费筹措方式",
    "𠮷野家的牛丼，𠮷野家的牛丼。",
]


def main(folder, output):
    paths = [Path(folder) / f"duplicates-{i}.jsonl" for i in range(2)]
    lines = [[json.loads(line) for line in path.open(encoding="utf-8")] for path in paths]
    pieces = [lambda p=piece: [Document(text=d["text"], id=d["id"]) for d in p] for piece in lines]
    texts = [d["text"] for piece in lines for d in piece][:400] + CHINESE
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        golden = {
            "made": "tools/oracles/deduplication.py",
            "versions": {n: version(n) for n in ("datatrove", "spacy", "numpy", "xxhash", "simhash-pybind")},
            "documents": [len(piece) for piece in lines],
            "exact": [exact(pieces, work, indexed) for indexed in ("none", "only", "both")],
            "sentences": [
                sentences(pieces, work, {}),
                sentences(pieces, work, {"min_doc_words": 5, "min_num_sentences": 1, "finder_workers": 3}),
                sentences(pieces, work, {"n_sentences": 2, "split_sentences": False, "min_doc_words": 0, "min_num_sentences": 0, "hash": "sha1"}),
                sentences(pieces, work, {"n_sentences": 1, "min_doc_words": 10, "min_words_to_remove_span": 8}),
                sentences(pieces, work, {"n_sentences": 2, "only_dedup_in_index": True}, True),
                sentences(pieces, work, {"n_sentences": 2, "only_dedup_in_index": False}, True),
            ],
            "bloom": [
                bloom(pieces, work, {"m_bytes": 2**20 - 1, "k": 7, "n_grams": 13}),
                bloom(pieces, work, {"m_bytes": 1_000_003, "expected_elements": 4_000_000, "n_grams": 5, "duplicate_threshold": 0.6, "seed": 3, "hash": "sha1"}),
            ],
            "decontamination": [
                decontamination(pieces, work, {}),
                decontamination(pieces, work, {"n_grams": 5, "find_query_ngrams": True}),
                decontamination(pieces, work, {"n_grams": 8, "find_overlap_ngrams": False}),
            ],
            "simhash": [
                juicer_simhash(texts, "character", 6, None),
                juicer_simhash(texts, "character", 4, "[a-e]+"),
                juicer_simhash(texts, "space", 2, None),
            ],
            "chinese": CHINESE,
        }
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden, ensure_ascii=False).encode())


main(*sys.argv[1:])
