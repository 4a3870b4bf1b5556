"""datatrove's token files of part of the corpus, with a small byte-level BPE tokenizer that is trained here.

    node --import tsx tools/oracles/datatrove_corpus.ts FOLDER
    python tools/oracles/datatrove_tokens.py FOLDER packages/flagdata/goldens/tokens.json.gz

Needs datatrove[processing,io]. The golden file holds the tokenizer and the SHA-256 hashes of the files.
"""

import gzip
import hashlib
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.tokens import DocumentTokenizer, DocumentTokenizerMerger
from datatrove.pipeline.tokens.megatron_tokenizer import MegatronDocumentTokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"


def train(texts, vocabulary, path):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))


def files(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file()}


def main(source, target):
    documents = [json.loads(line) for line in (Path(source) / "corpus.jsonl").open()][:120]
    target = Path(target).resolve()
    # The metadata name the tokenizer as it was given.
    os.chdir(tempfile.mkdtemp())
    work, path = Path("."), Path("tokenizer.json")
    train([it["text"] for it in documents], 600, path)
    pieces = [documents[:70], documents[70:]]
    read = lambda piece: iter([Document(text=it["text"], id=it["id"]) for it in piece])
    for rank, piece in enumerate(pieces):
        DocumentTokenizer(str(work / "ds"), str(path), eos_token=END, shuffle_documents=False).run(read(piece), rank, 2)
        MegatronDocumentTokenizer(str(work / "megatron"), None, str(path), END).run(read(piece), rank, 2)
    DocumentTokenizerMerger(str(work / "ds"), str(work / "merged"), "all", max_tokens_per_file=4000, shuffle=False, progress=False).run()
    result = {
        "source": "tools/oracles/datatrove_tokens.py",
        "versions": {name: version(name) for name in ("datatrove", "tokenizers")},
        "pieces": [len(piece) for piece in pieces],
        "tokenizer": json.loads(path.read_text()),
        "ds": files(work / "ds"),
        "megatron": files(work / "megatron"),
        "merged": files(work / "merged"),
    }
    target.write_bytes(gzip.compress(json.dumps(result, ensure_ascii=False).encode(), 9, mtime=0))


main(*sys.argv[1:])
