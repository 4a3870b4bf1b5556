"""The formats of @flag/data beside the libraries that own them: pyarrow, pandas, datasets, webdataset, warcio.

    python tools/oracles/data_formats.py write packages/flagdata/goldens/formats.json.gz

writes the same documents with each of them: the golden file holds the files and what is in them.

    node --import tsx tools/oracles/data_formats.ts FOLDER
    python tools/oracles/data_formats.py read FOLDER

reads with each of them what @flag/data wrote, compares every field, prints a line per format and fails on a difference.

Needs pyarrow, pandas, datasets, webdataset, warcio.
"""

import base64
import csv
import gzip
import io
import json
import os
import sys
import tempfile
import zlib
from importlib.metadata import version
from pathlib import Path

os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import webdataset as wds
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
TEXTS = [
    "The first text.",
    'With "quotes", commas,\nand two lines.',
    "Zeile eins\r\nZeile zwei",
    "中文的一段文字。",
    "Emoji 🙂 and \ttab",
    "नमस्ते दुनिया",
    "  spaces around  ",
    "The last text: café, naïve, Ελλάδα.",
]
ROWS = [
    {
        "id": f"doc-{i}",
        "text": text,
        "url": f"https://example.org/{i}",
        "count": i * 1000,
        "score": i / 8,
        "ok": i % 2 == 0,
        "note": None if i % 3 else f"note {i}",
        "tags": ["a", "b"][: i % 3],
        "nested": {"depth": i, "name": f"n{i}"},
    }
    for i, text in enumerate(TEXTS)
]
TABLE = pa.Table.from_pylist(ROWS)
FLAT = TABLE.drop_columns(["tags", "nested"])


def write_parquet(folder):
    for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        pq.write_table(TABLE, folder / f"pyarrow-{codec}.parquet", compression=codec, row_group_size=3)
    pq.write_table(
        TABLE, folder / "pyarrow-v2.parquet", data_page_version="2.0", use_dictionary=False, write_page_index=True
    )
    TABLE.to_pandas().to_parquet(folder / "pandas.parquet")


def write_arrow(folder):
    for codec in ["uncompressed", "lz4", "zstd"]:
        pa.feather.write_feather(TABLE, folder / f"feather-{codec}.feather", compression=codec, chunksize=3)
    with pa.ipc.new_stream(folder / "stream.arrows", TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=3)
    dictionary = TABLE.set_column(2, "url", TABLE["url"].dictionary_encode())
    with pa.ipc.new_file(folder / "dictionary.arrow", dictionary.schema) as writer:
        writer.write_table(dictionary)
    large = TABLE.cast(TABLE.schema.set(1, pa.field("text", pa.large_string())))
    with pa.ipc.new_file(folder / "large.arrow", large.schema) as writer:
        writer.write_table(large)
    view = TABLE.cast(TABLE.schema.set(1, pa.field("text", pa.string_view())))
    with pa.ipc.new_file(folder / "view.arrow", view.schema) as writer:
        writer.write_table(view)


def write_csv(folder):
    FLAT.to_pandas().to_csv(folder / "pandas.csv", index=False)
    FLAT.to_pandas().to_csv(folder / "pandas.tsv", index=False, sep="\t")
    pa.csv.write_csv(FLAT, folder / "pyarrow.csv")
    with open(folder / "python.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FLAT.column_names)
        writer.writeheader()
        writer.writerows(FLAT.to_pylist())


def write_webdataset(folder):
    for name in ["shard.tar", "shard.tar.gz"]:
        with wds.TarWriter(str(folder / name), mtime=0) as writer:
            for i, row in enumerate(ROWS):
                fields = {key: value for key, value in row.items() if key != "text"}
                sample = {"__key__": f"part/{i:05d}", "txt": row["text"], "json": fields, "cls": i % 4}
                writer.write({**sample, "png": PNG} if i % 2 else sample)


def write_warc(folder):
    page = lambda text, head="": f"<html><head>{head}</head><body>{text}</body></html>"
    chunked = lambda body: b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (7, body[:7], len(body) - 7, body[7:])
    html = "text/html; charset=utf-8"
    meta = '<meta charset="gb18030">'
    responses = [
        (html, page(TEXTS[0]).encode(), {}),
        (html, gzip.compress(page(TEXTS[3]).encode(), mtime=0), {"Content-Encoding": "gzip"}),
        (html, zlib.compress(page(TEXTS[4]).encode()), {"Content-Encoding": "deflate"}),
        (html, chunked(page(TEXTS[5]).encode()), {"Transfer-Encoding": "chunked"}),
        ("text/html", page(TEXTS[3], meta).encode("gb18030"), {}),
        ("text/html", page("café").encode("latin-1"), {}),
        ("image/png", PNG, {}),
        ("text/plain", b"plain", {}),
    ]
    expected = [page(TEXTS[0]), page(TEXTS[3]), page(TEXTS[4]), page(TEXTS[5]), page(TEXTS[3], meta), page("café"), "plain"]
    for name, compressed in [("crawl.warc.gz", True), ("crawl.warc", False)]:
        with open(folder / name, "wb") as file:
            writer = WARCWriter(file, gzip=compressed)
            date = {"WARC-Date": "2026-01-02T03:04:05Z"}
            info = writer.create_warcinfo_record("info", {"software": "oracle"})
            info.rec_headers.replace_header("WARC-Date", date["WARC-Date"])
            writer.write_record(info)
            for i, (mime, body, headers) in enumerate(responses):
                http = StatusAndHeaders("200 OK", [("Content-Type", mime), *headers.items()], protocol="HTTP/1.1")
                ids = {"WARC-Record-ID": f"<urn:uuid:00000000-0000-0000-0000-{i:012d}>"}
                record = writer.create_warc_record(
                    f"https://example.org/{i}", "response", io.BytesIO(body), len(body), http_headers=http,
                    warc_headers_dict={**date, **ids},
                )
                writer.write_record(record)
            body = TEXTS[7].encode()
            record = writer.create_warc_record(
                "https://example.org/wet", "conversion", io.BytesIO(body), len(body),
                warc_content_type="text/plain",
                warc_headers_dict={**date, "WARC-Record-ID": "<urn:uuid:00000000-0000-0000-0000-000000000099>"},
            )
            writer.write_record(record)
    return [*expected, TEXTS[7]]


def write_datasets(folder):
    features = datasets.Features({"id": datasets.Value("string"), "text": datasets.Value("string"), "image": datasets.Image()})
    rows = [{"id": row["id"], "text": row["text"], "image": {"bytes": PNG, "path": "a.png"}} for row in ROWS]
    whole = datasets.Dataset.from_list(rows, features=features)
    parts = datasets.DatasetDict({"train": whole.select(range(5)), "test": whole.select(range(5, 8))})
    parts.save_to_disk(str(folder / "saved"), num_shards={"train": 2, "test": 1})
    data = folder / "hub" / "data"
    data.mkdir(parents=True)
    for shard in range(2):
        parts["train"].shard(2, shard, contiguous=True).to_parquet(data / f"train-{shard:05d}-of-00002.parquet")
    parts["test"].to_parquet(data / "test-00000-of-00001.parquet")
    (folder / "hub" / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n"
        "  - split: test\n    path: data/test-*\n---\n# A dataset\n"
    )
    named = folder / "named"
    named.mkdir()
    FLAT.slice(0, 5).to_pandas().to_csv(named / "train.csv", index=False)
    FLAT.slice(5).to_pandas().to_csv(named / "test.csv", index=False)
    # What the owner of the layout reads of the same folders.
    return {
        name: {split: part["text"][:] for split, part in loaded.items()}
        for name, loaded in {
            "saved": datasets.load_from_disk(str(folder / "saved")),
            "hub": datasets.load_dataset(str(folder / "hub")),
            "named": datasets.load_dataset(str(named)),
        }.items()
    }


def write(golden):
    names = ["pyarrow", "pandas", "datasets", "webdataset", "warcio"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for part in ["parquet", "arrow", "csv", "webdataset", "warc", "datasets"]:
            (folder / part).mkdir()
        write_parquet(folder / "parquet")
        write_arrow(folder / "arrow")
        write_csv(folder / "csv")
        write_webdataset(folder / "webdataset")
        pages = write_warc(folder / "warc")
        splits = write_datasets(folder / "datasets")
        files = {
            str(path.relative_to(folder)): base64.b64encode(path.read_bytes()).decode()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".cache" not in path.parts
        }
    value = {
        "script": "tools/oracles/data_formats.py",
        "versions": {name: version(name) for name in names},
        "rows": ROWS,
        "pages": pages,
        "splits": splits,
        "files": files,
    }
    Path(golden).write_bytes(gzip.compress(json.dumps(value, ensure_ascii=False).encode(), 9, mtime=0))
    print(f"{len(files)} files, {Path(golden).stat().st_size} bytes")


def read(folder):
    """Every reader gives rows as dictionaries: id, text, then metadata with its type, absent where it is null."""
    folder = Path(folder)
    expected = [json.loads(line) for line in (folder / "documents.jsonl").read_text().splitlines()]
    rows = [{"id": it["id"], "text": it["text"], **it["metadata"]} for it in expected]
    present = lambda row: {key: value for key, value in row.items() if value is not None}
    parsed = lambda row: {**row, "mixed": json.loads(row["mixed"]), "list": json.loads(row["list"])}
    typed = lambda row: present(parsed({**row, "media": None}))
    texts = [{"id": row["id"], "text": row["text"]} for row in rows]
    only = lambda row: {"id": row["id"], "text": row["text"]}
    plain = lambda frame: [only(row) for row in frame.to_dict("records")]

    def files(part, ending):
        found = sorted((folder / part).glob(f"*{ending}"))
        assert found, f"no {ending} in {part}"
        return found

    def tar():
        samples = wds.WebDataset([str(path) for path in files("webdataset", ".tar")], shardshuffle=False)
        return list(samples)

    def same(name, found, wanted):
        assert len(found) == len(wanted), f"{name}: {len(found)} rows instead of {len(wanted)}"
        for got, want in zip(found, wanted):
            assert got == want, f"{name}: {got} instead of {want}"
        print(f"{name:45} {len(found)} documents, equal")

    for codec in ["none", "snappy", "gzip", "zstd"]:
        paths = files(f"parquet-{codec}", ".parquet")
        same(f"pyarrow reads parquet, {codec}", [typed(r) for p in paths for r in pq.read_table(p).to_pylist()], rows)
    paths = files("parquet-snappy", ".parquet")
    same("pandas reads parquet", plain(pd.concat([pd.read_parquet(path) for path in paths])), texts)
    loaded = datasets.load_dataset("parquet", data_files=[str(path) for path in paths], split="train")
    # It parses columns of JSON by itself.
    same("datasets reads parquet", [present({**row, "media": None}) for row in loaded], rows)
    paths = files("arrow", ".arrow")
    opened = [pa.ipc.open_file(path).read_all() for path in paths]
    unwrapped = [
        [{key: (value if not isinstance(value, pa.Scalar) else value.as_py()) for key, value in row.items()} for row in table.to_pylist()]
        for table in opened
    ]
    as_text = lambda row: {key: json.dumps(value) if key in ("mixed", "list") and not isinstance(value, str) else value for key, value in row.items()}
    same("pyarrow reads arrow", [typed(as_text(row)) for table in unwrapped for row in table], rows)
    stream = [pa.ipc.open_stream(io.BytesIO(path.read_bytes()[8:])).read_all().num_rows for path in paths]
    assert sum(stream) == len(rows), "the stream in an arrow file"
    same("pandas reads arrow", plain(pd.concat([pd.read_feather(path) for path in paths])), texts)
    for part, separator in [("csv", ","), ("tsv", "\t")]:
        paths = files(part, f".{part}.gz")
        frames = [pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False) for path in paths]
        same(f"pandas reads {part}", plain(pd.concat(frames)), texts)
        lines = [row for path in paths for row in csv.DictReader(gzip.open(path, "rt", newline="", encoding="utf-8"), delimiter=separator)]
        same(f"Python's csv reads {part}", [only(row) for row in lines], texts)
    samples = tar()
    decoded = [{**json.loads(it["json"]), "text": it["txt"].decode()} for it in samples]
    same("webdataset reads webdataset", [{key: value for key, value in row.items() if key != "media"} for row in decoded], rows)
    pictures = sum("png" in it for it in samples)
    wanted = sum(any(media["url"].startswith("data:") for media in it.get("media", [])) for it in expected)
    assert pictures == wanted and all(it["png"] == PNG[:8] for it in samples if "png" in it), "pictures in webdataset"
    print(f"{'webdataset reads pictures':45} {pictures}, equal")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
