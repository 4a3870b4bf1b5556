"""Checkpoint files by PyTorch, safetensors, NumPy and gguf for packages/core-tensor/src/checkpoint.

Made with torch 2.13.0+cpu, safetensors 0.8.0, numpy 2.4.6, gguf 0.19.0; torch.manual_seed(0).
Run: python tools/oracles/checkpoints.py   (writes packages/core-tensor/goldens/checkpoints)

expected.json gives, for each file or folder, the tensors that a reader must find: dtype, shape and row-major
little-endian bytes; `place` is "file" when those bytes lie in the file as they are.
"""
import base64
import io
import json
import os
import pathlib
import pickle
import shutil
import zipfile
from collections import OrderedDict

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

out = pathlib.Path(__file__).parents[2] / 'packages/core-tensor/goldens/checkpoints'
shutil.rmtree(out, ignore_errors=True)
for folder in ['torch', 'safetensors', 'numpy', 'gguf', 'hostile']:
    (out / folder).mkdir(parents=True)
torch.manual_seed(0)
expected = {}


def expect(file, tensors, elsewhere=()):
    described = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, np.ndarray):
            dtype, data = str(tensor.dtype), np.ascontiguousarray(tensor).tobytes()
            shape = list(tensor.shape)
        else:
            dtype, shape = str(tensor.dtype).removeprefix('torch.'), list(tensor.shape)
            # A flat view as bytes serves every type, bfloat16 too.
            flat = tensor.detach().contiguous().reshape(-1)
            data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b''
        place = 'elsewhere' if name in elsewhere else 'file'
        described[name] = {'dtype': dtype, 'shape': shape, 'base64': base64.b64encode(data).decode(), 'place': place}
    expected[file] = described


every_type = OrderedDict(
    float32=torch.randn(3, 5),
    float64=torch.randn(4, dtype=torch.float64),
    float16=torch.randn(2, 3).half(),
    bfloat16=torch.randn(7).bfloat16(),
    int64=torch.tensor([[-(2**62), 0, 2**62 + 1]]),
    int32=torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    int16=torch.tensor([-32768, 32767], dtype=torch.int16),
    int8=torch.tensor([-128, 127], dtype=torch.int8),
    uint8=torch.tensor([0, 255], dtype=torch.uint8),
    uint16=torch.tensor([0, 65535], dtype=torch.uint16),
    uint32=torch.tensor([0, 2**32 - 1], dtype=torch.uint32),
    uint64=torch.tensor([0, 2**63], dtype=torch.uint64),
    bool=torch.tensor([True, False, True]),
    scalar=torch.tensor(3.25),
    empty=torch.zeros(0, 4),
    empty_inside=torch.zeros(2, 0, 3),
)
every_type['名前.λ'] = torch.tensor([1.0])
no_unsigned = OrderedDict((k, v) for k, v in every_type.items() if k not in ('uint16', 'uint32', 'uint64'))

# --- torch
for protocol in [2, 3, 4, 5]:
    torch.save(every_type, out / f'torch/types-protocol{protocol}.pt', pickle_protocol=protocol)
    expect(f'torch/types-protocol{protocol}.pt', every_type)
torch.save(no_unsigned, out / 'torch/types-legacy.bin', _use_new_zipfile_serialization=False)
expect('torch/types-legacy.bin', no_unsigned)

base = torch.arange(24.0).reshape(2, 3, 4)
strided = {
    'whole': base,
    'transposed': base[0].t(),
    'permuted': base.permute(2, 0, 1),
    'rows': base[1],
    'columns': base[:, :, 1:3],
    'every_second': base.flatten()[1::2],
    'expanded': torch.tensor([[1.0], [2.0]]).expand(2, 3),
    'ones_in_shape': base[:, :, 1:2][1:2].squeeze(0),
    'last': base[1, 2, 3],
    'empty_view': base[:, 3:],
    'half_transposed': torch.randn(5, 3).half().t(),
    'int8_transposed': torch.arange(6, dtype=torch.int8).reshape(2, 3).t(),
    'int64_transposed': torch.arange(6).reshape(2, 3).t(),
}
gathered = ['transposed', 'permuted', 'columns', 'every_second', 'expanded', 'ones_in_shape']
gathered += ['half_transposed', 'int8_transposed', 'int64_transposed']
torch.save(strided, out / 'torch/strided.pt')
expect('torch/strided.pt', strided, gathered)
torch.save(strided, out / 'torch/strided-legacy.pt', _use_new_zipfile_serialization=False)
expect('torch/strided-legacy.pt', strided, gathered)

tied = torch.nn.Parameter(torch.randn(4, 3))
torch.save({'embedding.weight': tied, 'head.weight': tied}, out / 'torch/tied.bin')
expect('torch/tied.bin', {'embedding.weight': tied, 'head.weight': tied})

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2, bias=False))
state = model.state_dict()
torch.save(state, out / 'torch/module.bin')
expect('torch/module.bin', state)
optimizer = torch.optim.AdamW(model.parameters())
model(torch.randn(5, 3)).sum().backward()
optimizer.step()
state = model.state_dict()
whole = {'state_dict': state, 'epoch': 3, 'lr': 1e-3, 'name': 'tiny', 'optimizer': optimizer.state_dict(), 'none': None}
whole['flags'] = {'a', 'b'}
whole['shape'] = torch.Size([1, 2])
whole['type'] = torch.float16
torch.save(whole, out / 'torch/wrapped.ckpt')
expect('torch/wrapped.ckpt', state)
torch.save(whole, out / 'torch/wrapped-legacy.ckpt', _use_new_zipfile_serialization=False)
expect('torch/wrapped-legacy.ckpt', state)
torch.save({'module': {'module.' + k: v for k, v in state.items()}, 'iteration': 7}, out / 'torch/parallel.pt')
expect('torch/parallel.pt', state)
torch.save({'model': {'encoder': {'weight': base}, 'layers': [base, base + 1]}}, out / 'torch/nested.pt')
expect('torch/nested.pt', {'encoder.weight': base, 'layers.0': base, 'layers.1': base + 1})
torch.save(base, out / 'torch/lone.pt')
expect('torch/lone.pt', {'tensor': base})
torch.save({}, out / 'torch/nothing.pt')
expect('torch/nothing.pt', {})
with zipfile.ZipFile(out / 'torch/module.bin') as stored:
    with zipfile.ZipFile(out / 'torch/deflated.bin', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), stored.read(name), zipfile.ZIP_DEFLATED)
expect('torch/deflated.bin', torch.load(out / 'torch/module.bin'), torch.load(out / 'torch/module.bin').keys())

# --- safetensors
save_file(dict(every_type), out / 'safetensors/types.safetensors', metadata={'format': 'pt', 'note': 'über'})
expect('safetensors/types.safetensors', every_type)
save_file({}, out / 'safetensors/nothing.safetensors')
expect('safetensors/nothing.safetensors', {})

# --- model folders
shards = [dict(list(every_type.items())[:6]), dict(list(every_type.items())[6:])]
for kind, suffix, write in [
    ('sharded-safetensors', 'safetensors', lambda t, p: save_file(t, p)),
    ('sharded-torch', 'bin', lambda t, p: torch.save(t, p)),
]:
    stem = 'model' if suffix == 'safetensors' else 'pytorch_model'
    (out / kind).mkdir()
    weight_map = {}
    for i, shard in enumerate(shards, 1):
        name = f'{stem}-{i:05}-of-00002.{suffix}'
        write(shard, out / kind / name)
        weight_map.update({key: name for key in shard})
    index = {'metadata': {'total_size': 1}, 'weight_map': weight_map}
    (out / kind / f'{stem}.{suffix}.index.json').write_text(json.dumps(index, indent=1))
    expect(kind, every_type)
(out / 'folder').mkdir()
save_file({'weight': base}, out / 'folder/model.safetensors')
torch.save({'other': base}, out / 'folder/pytorch_model.bin')
expect('folder', {'weight': base})

# --- numpy
arrays = {
    'float32': np.arange(6, dtype='f4').reshape(2, 3),
    'float16': np.arange(3, dtype='f2'),
    'float64': np.array(2.5),
    'int64': np.array([[-(2**62)], [5]]),
    'uint8': np.arange(5, dtype='u1'),
    'bool': np.array([True, False]),
    'empty': np.zeros((0, 3), dtype='f4'),
}
for name, array in arrays.items():
    np.save(out / f'numpy/{name}.npy', array)
    expect(f'numpy/{name}.npy', {name: array})
np.save(out / 'numpy/fortran.npy', np.asfortranarray(np.arange(24, dtype='f4').reshape(2, 3, 4)))
expect('numpy/fortran.npy', {'fortran': np.arange(24, dtype='f4').reshape(2, 3, 4)}, ['fortran'])
np.save(out / 'numpy/big.npy', np.arange(6, dtype='>i4').reshape(2, 3))
expect('numpy/big.npy', {'big': np.arange(6, dtype='i4').reshape(2, 3)}, ['big'])
np.savez(out / 'numpy/stored.npz', **arrays)
expect('numpy/stored.npz', arrays)
arrays['long'] = np.random.default_rng(0).integers(0, 9, 5000).astype('i2')
np.savez_compressed(out / 'numpy/packed.npz', **arrays)
expect('numpy/packed.npz', arrays, arrays.keys())

# --- gguf
writer = gguf.GGUFWriter(out / 'gguf/types.gguf', 'flag')
writer.add_uint32('flag.count', 7)
writer.add_float32('flag.scale', 0.5)
writer.add_bool('flag.yes', True)
writer.add_string('flag.name', 'テスト')
writer.add_array('flag.tokens', ['a', 'b', 'longer'])
writer.add_array('flag.numbers', [1, 2, 3])
rng = np.random.default_rng(0)
weights = rng.standard_normal((3, 64)).astype('f4')
plain = {
    'float32': weights,
    'float16': weights[:, :5].astype('f2'),
    'float64': weights[0, :3].astype('f8'),
    'int8': np.arange(4, dtype='i1'),
    'int16': np.arange(4, dtype='i2'),
    'int32': np.arange(4, dtype='i4'),
    'int64': np.arange(4, dtype='i8'),
}
for name, array in plain.items():
    writer.add_tensor(name, np.ascontiguousarray(array))
brain = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.BF16)
writer.add_tensor('bfloat16', brain, raw_dtype=gguf.GGMLQuantizationType.BF16)
found = {**plain, 'bfloat16': torch.from_numpy(brain.view('i2').copy()).view(torch.bfloat16).reshape(3, 64)}
quantised = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0']
for name in quantised:
    kind = gguf.GGMLQuantizationType[name]
    blocks = gguf.quants.quantize(weights, kind)
    writer.add_tensor(name, blocks, raw_dtype=kind)
    found[name] = gguf.quants.dequantize(blocks, kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
expect('gguf/types.gguf', found, quantised)


# --- hostile: pickles that would run a command, in every wrapping that torch.load knows
class Command:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


hostile = {
    'system': Command(os.system, 'touch /tmp/flag-was-here'),
    'eval': Command(eval, "__import__('os').system('touch /tmp/flag-was-here')"),
    'getattr': Command(getattr, 'x', 'upper'),
    'open': Command(open, '/tmp/flag-was-here', 'w'),
}
for name, command in hostile.items():
    torch.save({'weight': base, 'payload': command}, out / f'hostile/{name}.pt')
    torch.save({'payload': command}, out / f'hostile/{name}-legacy.pt', _use_new_zipfile_serialization=False)
(out / 'hostile/bare.pkl').write_bytes(pickle.dumps(hostile['system']))
script = torch.jit.script(torch.nn.Linear(2, 2))
torch.jit.save(script, out / 'hostile/torchscript.pt')

(out / 'expected.json').write_text(json.dumps(expected, ensure_ascii=False, indent=0))
print(sum(f.stat().st_size for f in out.rglob('*') if f.is_file()), 'bytes in', out)
