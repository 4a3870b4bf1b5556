"""Golden cache for packages/flagai/src/hub: what Python's huggingface_hub makes of a model, and whether it reads ours.

Starts the hub server of the tests (tools/oracles/hub_server.ts) and writes packages/flagai/goldens/hub/cache.json:

- files    every file and link of the cache that huggingface_hub downloaded three files of the model into
- scan     what scan_cache_dir says of a cache that our snapshotDownload made of the same files

and fails unless huggingface_hub takes our cache for complete (snapshot_download with local_files_only), we take its
cache for complete (offline), and both caches hold the same files, links, refs and lists.

Made with huggingface_hub 2.4.0. Run: python tools/oracles/hub_cache.py
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
OUT = os.path.join(ROOT, "packages/flagai/goldens/hub")
PULL = os.path.join(ROOT, "packages/flagai/src/hub/testing/pull.ts")
ID = "flag-test/tiny"
NEEDED = ["config.json", "tokenizer.json", "model.safetensors"]


def listing(cache):
    found = {}
    for folder, _, names in os.walk(cache):
        for name in names:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, cache).replace(os.sep, "/")
            if key.startswith(".locks/") or key == "CACHEDIR.TAG":
                continue
            if os.path.islink(path):
                found[key] = "-> " + os.readlink(path)
            else:
                content = open(path, "rb").read()
                small = len(content) < 4000 and key.split("/")[1] in ("refs", "trees")
                found[key] = content.decode() if small else hashlib.sha256(content).hexdigest()
    return dict(sorted(found.items()))


def node(script, *arguments, **options):
    return subprocess.Popen(["node", "--import", "tsx", script, *arguments], cwd=ROOT, text=True, **options)


def main():
    server = node(os.path.join(HERE, "hub_server.ts"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    endpoint = server.stdout.readline().strip()
    theirs, ours = tempfile.mkdtemp(), tempfile.mkdtemp()
    os.environ.update(HF_ENDPOINT=endpoint, HF_HOME=theirs, HF_HUB_DISABLE_TELEMETRY="1")
    os.environ.pop("HF_HUB_OFFLINE", None)
    import huggingface_hub

    huggingface_hub.snapshot_download(ID, allow_patterns=NEEDED)
    pull = node(PULL, ID, env={**os.environ, "HF_HOME": ours}, stdout=subprocess.PIPE)
    assert pull.wait() == 0
    downloaded = sum(json.loads(pull.stdout.read().splitlines()[-1]))
    a, b = listing(os.path.join(theirs, "hub")), listing(os.path.join(ours, "hub"))
    if a != b:
        different = {key: (a.get(key), b.get(key)) for key in {*a, *b} if a.get(key) != b.get(key)}
        sys.exit(f"the caches differ: {json.dumps(different, indent=1)}")

    folder = huggingface_hub.snapshot_download(
        ID, cache_dir=os.path.join(ours, "hub"), allow_patterns=NEEDED, local_files_only=True
    )
    assert sorted(os.listdir(folder)) == sorted(NEEDED)
    info = huggingface_hub.scan_cache_dir(os.path.join(ours, "hub"))
    assert not info.warnings and not info.incomplete_files, info
    (repo,) = info.repos
    (revision,) = repo.revisions
    assert repo.size_on_disk == downloaded

    again = node(PULL, ID, env={**os.environ, "HF_HOME": theirs, "HF_HUB_OFFLINE": "1"}, stdout=subprocess.PIPE)
    assert again.wait() == 0 and json.loads(again.stdout.read().splitlines()[-1]) == [0, 0, 0]
    server.stdin.close()
    server.wait()

    os.makedirs(OUT, exist_ok=True)
    golden = {
        "huggingface_hub": huggingface_hub.__version__,
        "files": a,
        "scan": {
            "id": repo.repo_id,
            "commit": revision.commit_hash,
            "refs": sorted(revision.refs),
            "files": revision.nb_files,
            "size": revision.size_on_disk,
        },
    }
    with open(os.path.join(OUT, "cache.json"), "w") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")


main()
