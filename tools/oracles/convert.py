"""Checks what convertCheckpoint of packages/core-tensor writes with PyTorch and safetensors.

Every golden checkpoint is converted to both formats, as it is and to float32, float16 and bfloat16, by
tools/oracles/convert_checkpoints.ts. Files must be opened by torch.load(weights_only=True), with and without mmap, and
by safetensors.torch.load_file; every tensor must equal, bit for bit, the golden one after Tensor.to(dtype); tensors that
are tied in a torch file must share their storage. The SHA-256 of each file that passed goes to
packages/core-tensor/goldens/converted.json: a test that writes the same bytes needs no Python.

Made with torch 2.13.0+cpu, safetensors 0.8.0. Run: python tools/oracles/convert.py
"""

import base64
import json
import pathlib
import subprocess
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).parents[2]
EXPECTED = json.loads((ROOT / "packages/core-tensor/goldens/checkpoints/expected.json").read_text())


def original(golden):
    data = bytearray(base64.b64decode(golden["base64"]))
    dtype = getattr(torch, golden["dtype"])
    flat = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
    return flat.reshape(golden["shape"])


def same(a, b):
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    flat = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (a, b) if tensor.numel()]
    return not flat or torch.equal(*flat)


folder = pathlib.Path(tempfile.mkdtemp())
command = ["node", "--import", "tsx", str(ROOT / "tools/oracles/convert_checkpoints.ts"), str(folder)]
done = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
hashes, compared = {}, 0
for name, conversion in done.items():
    file, wanted = folder / name, conversion.get("dtype")
    if conversion["to"] == "torch":
        found = torch.load(file, weights_only=True)
        mapped = torch.load(file, weights_only=True, mmap=True)
        assert list(found) == list(mapped)
        assert all(same(found[key], mapped[key]) for key in found), name
    else:
        found = load_file(file)
        with safe_open(file, "pt") as opened:
            assert opened.metadata()["format"] == "pt", name
    goldens = EXPECTED[conversion["input"]]
    # Names stay as they are in the file; the goldens are those of the reader, which drops this prefix.
    if all(key.startswith("module.") for key in found):
        found = {key.removeprefix("module."): tensor for key, tensor in found.items()}
    assert sorted(found) == sorted(goldens), name
    for key, golden in goldens.items():
        expected = original(golden)
        if wanted and expected.is_floating_point():
            expected = expected.to(getattr(torch, wanted))
        assert same(found[key], expected), (name, key, found[key], expected)
        compared += 1
    if conversion["to"] == "torch" and "tied" in name:
        pointers = {tensor.untyped_storage().data_ptr() for tensor in found.values()}
        assert len(pointers) == 1, name
    hashes[name] = conversion["sha256"]
(ROOT / "packages/core-tensor/goldens/converted.json").write_text(json.dumps(hashes, indent=1) + "\n")
print(f"{len(hashes)} files, {compared} tensors equal")
