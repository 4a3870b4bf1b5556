"""datatrove's four MinHash stages and its exact deduplication over the duplicate corpus.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER
    python tools/oracles/datatrove_dedup.py FOLDER packages/flagdata/goldens/dedup.json.gz

Needs datatrove[processing,io], spacy and xxhash<4. The golden file holds SHA-256 hashes of the signature files, and the pairs,
clusters and removals themselves.
"""

import base64
import gzip
import hashlib
import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import ExactDedupConfig, ExactDedupSignature, ExactFindDedups
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.utils.hashing import HashConfig

encode = lambda path: base64.b64encode(path.read_bytes()).decode()
digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
content = lambda folder, pattern, read: {str(p.relative_to(folder)): read(p) for p in sorted(folder.rglob(pattern))}


def get_text(document) -> str:
    return document.text


def minhash(pieces, hash_name, work, buckets, hashes):
    config = MinhashConfig(
        num_buckets=buckets, hashes_per_bucket=hashes, hash_config=HashConfig(hash_fc=hash_name, precision=64)
    )
    for rank, documents in enumerate(pieces):
        MinhashDedupSignature(str(work / "s"), config).run(iter(documents()), rank, len(pieces))
    for rank in range(buckets):
        MinhashDedupBuckets(str(work / "s"), str(work / "b"), config=config).run(None, rank, buckets)
    step = MinhashDedupCluster(
        str(work / "b"), str(work / "c"), config, save_cluster_id=True, save_cluster_size=True
    )
    step.run(None, 0, 1)
    return {
        "config": {"buckets": buckets, "hashesPerBucket": hashes, "hash": hash_name},
        "signatures": content(work / "s", "*.sig", digest),
        "pairs": content(work / "b", "*.dups", encode),
        "clusters": content(work / "c", "*", encode),
    }


def minhash_index(pieces, work, buckets, hashes):
    """Piece 0 becomes an index; piece 1 is compared with it, and writes what it adds, in both modes."""
    config = MinhashConfig(
        num_buckets=buckets,
        hashes_per_bucket=hashes,
        hash_config=HashConfig(hash_fc="xxhash", precision=64),
    )
    for rank, documents in enumerate(pieces):
        signer = MinhashDedupSignature(str(work / f"s{rank}"), config)
        signer.run(iter(documents()), 0, 1)

    def find(piece, output, index, name, only):
        for rank in range(buckets):
            MinhashDedupBuckets(
                str(work / f"s{piece}"), str(output), str(index), config, only, create_index_name=name
            ).run(None, rank, buckets)

    (work / "index").mkdir()
    find(0, work / "b-earlier", work / "index", "earlier", False)
    earlier = content(work / "index", "*.index", encode)
    runs = []
    for only in (True, False):
        run = work / f"only-{only}"
        shutil.copytree(work / "index", run / "index")
        find(1, run / "b", run / "index", "later", only)
        MinhashDedupCluster(str(run / "b"), str(run / "c"), config).run(None, 0, 1)
        runs.append(
            {
                "onlyInIndex": only,
                "pairs": content(run / "b", "*.dups", encode),
                "removed": content(run / "c", "*.remove", encode),
                "index": content(run / "index", "later*.index", digest),
            }
        )
    return {"config": {"buckets": buckets, "hashesPerBucket": hashes}, "earlier": earlier, "runs": runs}


def exact(pieces, hash_name, work):
    config = ExactDedupConfig(get_text, hash_config=HashConfig(hash_fc=hash_name, precision=64))
    for rank, documents in enumerate(pieces):
        ExactDedupSignature(str(work / "s"), config).run(iter(documents()), rank, len(pieces))
    ExactFindDedups(str(work / "s"), str(work / "d"), config).run(None, 0, 1)
    return {
        "config": {"hash": hash_name},
        "signatures": content(work / "s", "*.c4_sig", digest),
        "duplicates": content(work / "d", "*.c4_dup", encode),
    }


def main(folder, output):
    paths = [Path(folder) / f"duplicates-{i}.jsonl" for i in range(2)]
    lines = [[json.loads(line) for line in path.open(encoding="utf-8")] for path in paths]
    pieces = [lambda p=piece: [Document(text=d["text"], id=d["id"]) for d in p] for piece in lines]
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        golden = {
            "made": "tools/oracles/datatrove_dedup.py",
            "versions": {name: version(name) for name in ("datatrove", "spacy", "numpy", "xxhash")},
            "documents": [len(piece) for piece in lines],
            "minhash": [
                minhash(pieces, "xxhash", work / "xx", 14, 8),
                minhash(pieces, "sha1", work / "sha", 9, 13),
            ],
            "minhashIndex": minhash_index(pieces, work / "index", 2, 3),
            "exact": [exact(pieces, name, work / f"exact-{name}") for name in ("xxhash", "sha1")],
        }
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden).encode())


main(*sys.argv[1:])
