"""Golden values of PyTorch's CPU random numbers for packages/core-tensor/src/tensor/generator.ts.

Made with torch 2.13.0+cpu on x86-64, capability AVX2 (what torch picks by itself on the machine). Seeds are in
the file. Run: python tools/oracles/generator.py   (writes packages/core-tensor/goldens/generator/torch.json)

Long draws are kept as a SHA-256 of their little-endian bytes.

`--large` prints instead the SHA-256 of torch.randperm(214748364), seed 3, the shortest that takes torch's second
algorithm: too large (1.7 GB, half a minute) for a unit test, compare it by hand when randperm changes.
"""
import base64
import hashlib
import json
import pathlib
import sys

import torch

if '--large' in sys.argv:
    order = torch.randperm(214748364, generator=torch.Generator().manual_seed(3))
    print(hashlib.sha256(order.numpy()).hexdigest())
    sys.exit()

out = pathlib.Path(__file__).parents[2] / 'packages/core-tensor/goldens/generator/torch.json'
SEEDS = [0, 1, 42, 1234567, 2**32 + 5, 2**63 + 11, 67280421310721]


def fingerprint(tensor):
    data = tensor.contiguous().numpy().tobytes()
    if len(data) <= 256:
        return {'base64': base64.b64encode(data).decode()}
    return {'sha256': hashlib.sha256(data).hexdigest(), 'head': base64.b64encode(data[:64]).decode()}


cases = []


def case(seed, calls):
    """`calls` run one after the other on one generator, so that state carries over."""
    g = torch.Generator().manual_seed(seed)
    results = []
    for name, *args in calls:
        if name in ('rand', 'randn'):
            value = getattr(torch, name)(args[0], generator=g)
        elif name == 'randperm':
            value = torch.randperm(args[0], generator=g)
        elif name == 'randint':
            value = torch.randint(args[0], args[1], (args[2],), generator=g)
        elif name == 'bernoulli':
            value = torch.bernoulli(torch.full((args[1],), args[0]), generator=g)
        results.append({'call': name, 'arguments': args, **fingerprint(value)})
    state = hashlib.sha256(g.get_state().numpy().tobytes()).hexdigest()
    cases.append({'seed': str(seed), 'results': results, 'state': state})


for seed in SEEDS:
    for n in [1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 1000, 100003]:
        case(seed, [('randn', n)])
    for n in [1, 7, 1000, 100003]:
        case(seed, [('rand', n)])
    for n in [0, 1, 2, 10, 1000, 65537]:
        case(seed, [('randperm', n)])
    case(seed, [('randint', 0, 10, 100), ('randint', -5, 1 << 27, 100), ('randint', 3, 1 << 30, 100)])
    case(seed, [('randint', -(1 << 40), 1 << 50, 100), ('randint', 0, (1 << 63) - 1, 50)])
    case(seed, [('bernoulli', 0.25, 1000)])
    # The second value of a scalar Box-Muller pair waits in the generator.
    case(seed, [('randn', 1), ('randn', 16), ('randn', 1), ('rand', 3), ('randn', 3), ('randperm', 5), ('randn', 4)])
# Long enough that the logarithm and the sine meet nearly every kind of argument.
case(7, [('randn', 2_000_000)])

first = torch.Generator().manual_seed(0)
state = base64.b64encode(first.get_state().numpy().tobytes()).decode()
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(
    json.dumps(
        {
            'made by': 'tools/oracles/generator.py',
            'torch': torch.__version__,
            'capability': torch.backends.cpu.get_cpu_capability(),
            'state of seed 0': state,
            'cases': cases,
        }
    )
)
print(out, out.stat().st_size, 'bytes', len(cases), 'cases', torch.backends.cpu.get_cpu_capability())
