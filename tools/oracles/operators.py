"""Golden outputs, gradients and second derivatives of every operator of packages/core-tensor/src/ops.

Made with torch 2.13.0+cpu in float64, seed 20251125. Run: python tools/oracles/operators.py
(writes packages/core-tensor/goldens/operators/<family>.json)

A case is a function of tensors. Its gradients are those of L = sum(w * output) with w[k] = sin(1.7 k + 0.3 + i) over
the elements k of float output i; its second derivatives those of S = sum(v * gradient) with
v[k] = cos(1.3 k + 0.5 + i) over the elements k of gradient i. packages/core-tensor/src/ops/testing/oracle.ts does the same.
Inputs are multiples of 1/64, so that they are the same numbers in float32.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20251125)
OUT = pathlib.Path(__file__).parents[2] / 'packages/core-tensor/goldens/operators'
families: dict[str, dict] = {}
family: dict = {}


def r(*shape, low=-2.0, high=2.0):
    return torch.round((torch.rand(shape) * (high - low) + low) * 64) / 64


def distinct(*shape):
    """No two elements alike, so that orders and maxima are plain."""
    return (torch.randperm(math.prod(shape)).reshape(shape) * 5 - 2.5 * math.prod(shape)) / 64


def ints(*shape, low=0, high=5):
    return torch.randint(low, high, shape)


def i(values):
    return torch.tensor(values, dtype=torch.int64)


def start(name):
    global family
    family = families[name] = {}


def encode(t):
    dtype = {torch.float64: 'float32', torch.int64: 'int64', torch.bool: 'bool'}[t.dtype]
    flat = (torch.zeros(t.shape) if t._is_zerotensor() else t.detach()).reshape(-1).tolist()
    data = [float(f'{x:.9g}') if dtype == 'float32' else int(x) for x in flat]
    return {'dtype': dtype, 'shape': list(t.shape), 'data': [int(x) if x == int(x) else x for x in data]}


def weighted(tensors, wave, phase):
    total = 0
    for index, t in enumerate(tensors):
        k = torch.arange(t.numel(), dtype=torch.float64)
        total = total + (t.reshape(-1) * wave(phase[0] * k + phase[1] + index)).sum()
    return total


def case(name, fn, *inputs, order=2):
    """order: how often it is differentiated (0, 1 or 2)."""
    assert name not in family, name
    xs = [x.clone().requires_grad_(x.dtype == torch.float64 and order > 0) for x in inputs]
    out = fn(*xs)
    outputs = list(out) if isinstance(out, (list, tuple)) else [out]
    entry = {'inputs': [encode(x) for x in inputs], 'outputs': [encode(y) for y in outputs]}
    if order > 0:
        sources = [x for x in xs if x.requires_grad]
        loss = weighted([y for y in outputs if y.dtype == torch.float64], torch.sin, (1.7, 0.3))

        def derive(value, create):
            if not torch.is_tensor(value) or not value.requires_grad:
                return [torch.zeros_like(x) for x in sources]
            found = torch.autograd.grad(value, sources, create_graph=create, allow_unused=True)
            return [torch.zeros_like(x) if g is None else g for g, x in zip(found, sources)]

        first = derive(loss, order > 1)
        entry['gradients'] = [encode(g) for g in first]
        if order > 1:
            entry['second'] = [encode(g) for g in derive(weighted(first, torch.cos, (1.3, 0.5)), False)]
    for group in entry.values():
        for t in group:
            assert all(math.isfinite(x) for x in t['data']), name
    family[name] = entry


start('elementwise')
case('add', lambda a, b: a + b, r(3, 4), r(4))
case('sub', lambda a, b: a - b, r(3, 1), r(4))
case('mul', lambda a, b: a * b, r(2, 3, 2), r(3, 1))
case('div', lambda a, b: a / b, r(3, 4), r(3, 1, low=0.5))
case('pow', lambda a, b: a**b, r(3, 4, low=0.25), r(4))
case('pow of 0', lambda a, b: a**b, torch.tensor([0.0, 0.5, 2.0]), torch.tensor([2.0, 3.0, 0.0]), order=1)
case('square by pow', lambda a: a**2, r(6))
case('cube', lambda a: a**3, r(6))
case('to the 0', lambda a: a**0 * 3, torch.tensor([0.0, 1.0, -2.0]))
case('to the -1.5', lambda a: a**-1.5, r(6, low=0.5))
case('sum', lambda a, b, c: a + b + c, r(2, 3), r(3), r(2, 1))
case('mean', lambda a, b, c: (a + b + c) / 3, r(2, 3), r(3), r(2, 1))
case('maximum', torch.maximum, r(3, 4), r(4))
case('maximum, equal', torch.maximum, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 4.0, 0.5]))
case('minimum', torch.minimum, r(3, 4), r(4))
case('clip', lambda x: x.clamp(-1, 0.75), r(3, 4))
case('clip below', lambda x: x.clamp(min=-0.5), r(5))
case('clip above', lambda x: x.clamp(max=0.5), r(5))
case('neg', lambda x: -x, r(5))
case('abs', torch.abs, r(6))
case('sign', torch.sign, r(6))
case('ceil', torch.ceil, r(6))
case('floor', torch.floor, r(6))
case('round', torch.round, torch.tensor([-1.5, -0.5, 0.5, 1.5, 2.5, 0.75]))
case('exp', torch.exp, r(6))
case('log', torch.log, r(6, low=0.25))
case('sqrt', torch.sqrt, r(6, low=0.25))
case('rsqrt', torch.rsqrt, r(6, low=0.25))
case('reciprocal', torch.reciprocal, r(6, low=0.25))
case('erf', torch.erf, r(6))
case('identity', lambda x: x, r(3))
case('mod', torch.remainder, ints(6, low=-7, high=8), i([3, -3, 2, 5, -4, 7]), order=0)
for name in ['sin', 'cos', 'tan', 'atan', 'sinh', 'cosh', 'asinh']:
    case(name, getattr(torch, name), r(6, low=-1.25, high=1.25))
for name in ['asin', 'acos', 'atanh']:
    case(name, getattr(torch, name), r(6, low=-0.9, high=0.9))
case('acosh', torch.acosh, r(6, low=1.25, high=4))

start('comparison')
for name in ['equal', 'greater', 'greaterOrEqual', 'less', 'lessOrEqual']:
    fn = {'equal': torch.eq, 'greater': torch.gt, 'greaterOrEqual': torch.ge, 'less': torch.lt, 'lessOrEqual': torch.le}
    case(name, fn[name], r(2, 4).round(), r(4).round(), order=0)
bits = [ints(2, 4, high=2).bool(), ints(4, high=2).bool()]
case('logicalAnd', torch.logical_and, *bits, order=0)
case('logicalOr', torch.logical_or, *bits, order=0)
case('logicalXor', torch.logical_xor, *bits, order=0)
case('logicalNot', torch.logical_not, bits[0], order=0)
case('isNan', lambda x: (x / 0).isnan(), torch.tensor([0.0, 1.0, -1.0]), order=0)
case('isInf', lambda x: (x / 0).isinf(), torch.tensor([0.0, 1.0, -1.0]), order=0)
case('where', torch.where, bits[0], r(2, 4), r(1, 4))
case('cast to int', lambda x: x.long(), r(6, low=-5, high=5), order=0)
case('cast and back', lambda x: x * x, r(6))

start('shape')
case('reshape', lambda x: x.reshape(3, 4) ** 2, r(2, 6))
case('flatten', lambda x: x.flatten(1) ** 2, r(2, 2, 3))
case('Flatten', lambda x: x.flatten(1) ** 2, r(2, 2, 3))
case('squeeze', lambda x: x.squeeze(1) ** 2, r(3, 1, 2))
case('Squeeze', lambda x: x.squeeze(1) ** 2, r(3, 1, 2))
case('Unsqueeze', lambda x: x[None, :, None] ** 2, r(3))
case('transpose', lambda x: x.permute(2, 0, 1) ** 2, r(2, 3, 2))
case('swapAxes', lambda x: x.transpose(0, 2) ** 2, r(2, 3, 2))
case('expand', lambda x: x.expand(2, 3, 4) ** 2, r(3, 1))
case('tile', lambda x: x.repeat(2, 3) ** 2, r(2, 3))
case('shape', lambda x: i(x.shape), r(2, 3), order=0)
case('concat', lambda a, b: torch.cat([a, b], 1) ** 2, r(2, 1), r(2, 3))
case('stack', lambda a, b: torch.stack([a, b], -1) ** 2, r(2, 3), r(2, 3))
case('split', lambda x: [x[:, :2] ** 2, x[:, 2:3], x[:, 3:] ** 3], r(2, 5))
case('split, one part used', lambda x: x[:, 2:3] ** 2, r(2, 5))
case('slice', lambda x: x[1:, -3:-1] ** 2, r(3, 5))
case('slice with steps', lambda x: x[::2, torch.arange(4, 0, -2)] ** 2, r(3, 5))
case('slice of all', lambda x: x[0:9, 1:1] ** 2, r(2, 3))
case('pad', lambda x: F.pad(x, (1, 2, 0, 1), value=0.5) ** 2, r(2, 3))
case('pad, value', lambda x, c: torch.cat([c.expand(2, 1), x, c.expand(2, 2)], 1) ** 2, r(2, 3), r(1))
case('pad, negative', lambda x: F.pad(x, (-1, 2, 1, -1)) ** 2, r(3, 4))
case('pad, reflect', lambda x: F.pad(x, (2, 3, 1, 2), mode='reflect') ** 2, r(1, 1, 3, 4))
case('pad, edge', lambda x: F.pad(x, (2, 5, 1, 0), mode='replicate') ** 2, r(1, 1, 2, 3))
case('pad, wrap', lambda x: F.pad(x, (2, 1, 0, 1), mode='circular') ** 2, r(1, 1, 2, 3))
case('CastLike', lambda x: x**2, r(4))
case('pixelShuffle', lambda x: F.pixel_shuffle(x, 2) ** 2, r(1, 8, 2, 3))
case(
    'DepthToSpace',
    lambda x: x.reshape(1, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(1, 2, 4, 6) ** 2,
    r(1, 8, 2, 3),
)
case(
    'SpaceToDepth',
    lambda x: x.reshape(1, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(1, 8, 2, 3) ** 2,
    r(1, 2, 4, 6),
)
case('reverseSequence', lambda x: torch.stack([x[i([2, 1, 0, 3]), 0], x[:, 1]], 1) ** 2, r(4, 2, 2))
case('upper triangle', lambda x: x.triu(1) ** 2, r(2, 3, 4))
case('lower triangle', lambda x: x.tril(-1) ** 2, r(4, 3))
case('range', lambda x: torch.arange(2, 11, 3), r(1), order=0)
case('constant of shape', lambda x: torch.full((2, 3), 1.5), r(1), order=0)

start('gather')
case('gather', lambda x: x[i([[2, 0], [-1, 2]])] ** 2, r(3, 2))
case('gather, axis 1', lambda x: x[:, i([1, 1, -3, 0])] ** 2, r(2, 3, 2))
case('select', lambda x: x[:, -1] ** 2, r(2, 3))
case('embedding', lambda t: F.embedding(i([[3, 1], [3, 0]]), t) ** 2, r(4, 3))
places = i([[0, 2, 2], [1, 0, 0]])
case('gatherElements', lambda x: x.gather(1, places) ** 2, r(2, 3))
case('gatherElements, axis 0', lambda x: x.gather(0, i([[0, 1, 1], [1, 1, 0]])) ** 2, r(2, 3))
case('gatherND', lambda x: x[i([0, 1, -1]), i([2, 0, 2])] ** 2, r(2, 3, 2))
case('gatherND, rows', lambda x: x[i([2, 0, 2])] ** 2, r(3, 2))
case('gatherND, batch', lambda x: torch.stack([x[0, i([1, 1])], x[1, i([2, 0])]]) ** 2, r(2, 3, 2))
case('scatterElements', lambda x, u: x.scatter(1, i([[0, 2], [1, 0]]), u) ** 2, r(2, 3), r(2, 2))
case('scatterElements, add', lambda x, u: x.scatter_add(1, places, u) ** 2, r(2, 3), r(2, 3))
case('scatterND', lambda x, u: x.index_put((i([0, 1]), i([2, -3])), u) ** 2, r(2, 3, 2), r(2, 2))
case('scatterND, add', lambda x, u: x.index_put((i([0, 1, 0]), i([2, 0, 2])), u, True) ** 2, r(2, 3, 2), r(3, 2))
case('oneHot', lambda n: F.one_hot(n, 4).double(), i([[1, 3], [0, 1]]), order=0)
case('nonZero', lambda x: x.nonzero().T, i([[0, 1, 2], [3, 0, 0]]), order=0)

start('linear')
case('matmul', torch.matmul, r(3, 4), r(4, 2))
case('matmul, batch', torch.matmul, r(2, 1, 2, 3), r(3, 3, 2))
case('matmul, shared right', torch.matmul, r(2, 2, 3), r(3, 2))
case('matmul, vector left', torch.matmul, r(3), r(2, 3, 2))
case('matmul, vector right', torch.matmul, r(2, 2, 3), r(3))
case('matmul, vectors', torch.matmul, r(3), r(3))
for ta in (0, 1):
    for tb in (0, 1):
        a, b = r(*([4, 2] if ta else [2, 4])), r(*([3, 4] if tb else [4, 3]))
        fn = lambda a, b, c: 0.5 * ((a.T if ta else a) @ (b.T if tb else b)) + 1.5 * c
        case(f'gemm {ta}{tb}', fn, a, b, r(3))
case('linear', F.linear, r(2, 2, 3), r(4, 3), r(4))
case('linear, matrix', F.linear, r(2, 3), r(4, 3))
case('einsum', lambda a, b: torch.einsum('bij,bkj->bik', a, b), r(2, 2, 3), r(2, 2, 3))
case('einsum, three', lambda a, b, c: torch.einsum('ij,jk,kl->il', a, b, c), r(2, 3), r(3, 2), r(2, 2))
case('einsum, ellipsis', lambda a, b: torch.einsum('...ij,...j->...i', a, b), r(2, 1, 2, 3), r(3, 3))
case('einsum, sums', lambda a, b: torch.einsum('ij,k->j', a, b), r(2, 3), r(2))
case('einsum, implicit', lambda a, b: torch.einsum('ba,ca', a, b), r(2, 3), r(2, 3))

start('convolution')
case('conv1d', lambda x, w, b: F.conv1d(x, w, b, 1, 1), r(2, 2, 5), r(3, 2, 3), r(3))
case('conv2d', lambda x, w, b: F.conv2d(x, w, b, 2, 1), r(2, 2, 5, 4), r(3, 2, 3, 2), r(3))
case('conv2d, groups', lambda x, w: F.conv2d(x, w, None, (1, 2), (2, 0), (2, 1), 2), r(2, 4, 5, 5), r(6, 2, 2, 2))
case('conv2d, depthwise', lambda x, w, b: F.conv2d(x, w, b, 2, 1, 1, 3), r(1, 3, 6, 5), r(3, 1, 3, 3), r(3))
case('conv2d, uneven padding', lambda x, w: F.conv2d(F.pad(x, (1, 0, 0, 2)), w, None, 3), r(1, 1, 6, 7), r(2, 1, 2, 2))
case('conv2d, wide strides', lambda x, w: F.conv2d(x, w, None, 3, 0, 1), r(1, 2, 8, 8), r(1, 2, 2, 1))
case('conv2d, same', lambda x, w: F.conv2d(F.pad(x, (0, 1, 1, 1)), w, None, 2), r(1, 1, 5, 4), r(1, 1, 3, 3))
case('conv3d', lambda x, w: F.conv3d(x, w, None, 2, 1), r(1, 1, 3, 4, 3), r(2, 1, 2, 2, 2))
case('convTranspose1d', lambda x, w, b: F.conv_transpose1d(x, w, b, 2), r(2, 2, 3), r(2, 3, 2), r(3))
case('convTranspose2d', lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), r(1, 2, 3, 2), r(2, 2, 3, 3), r(2))
case(
    'convTranspose2d, groups',
    lambda x, w: F.conv_transpose2d(x, w, None, (3, 1), (1, 2), (1, 0), 2, (1, 2)),
    r(2, 4, 2, 3), r(4, 1, 3, 2),
)

start('pooling')
case('maxPool', lambda x: F.max_pool2d(x, 2) ** 2, distinct(2, 2, 4, 5))
case('maxPool, padding', lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)) ** 2, distinct(1, 2, 5, 4))
case('maxPool, dilation', lambda x: F.max_pool2d(x, 2, 1, 0, 2) ** 2, distinct(1, 1, 4, 5))
case('maxPool, ceil', lambda x: F.max_pool2d(x, 2, 2, 0, ceil_mode=True) ** 2, distinct(1, 1, 5, 3))
case('maxPool1d', lambda x: F.max_pool1d(x, 3, 2, 1) ** 2, distinct(2, 1, 6))
case('maxPool, equal', lambda x: F.max_pool2d(x, 2) ** 2, torch.ones(1, 1, 2, 4))
case('averagePool', lambda x: F.avg_pool2d(x, (2, 3), 2, 1) ** 2, r(2, 1, 5, 6))
case('averagePool, stride 1', lambda x: F.avg_pool2d(x, 3, 1, 1) ** 2, r(1, 1, 3, 4))
case('averagePool, inside', lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False) ** 2, r(1, 2, 5, 4))
case('averagePool, ceil', lambda x: F.avg_pool2d(x, 2, 2, 0, True) ** 2, r(1, 1, 5, 3))
case('averagePool, ceil and padding', lambda x: F.avg_pool2d(x, 3, 2, 1, True) ** 2, r(1, 1, 4, 6))
case('averagePool1d', lambda x: F.avg_pool1d(x, 2) ** 2, r(1, 2, 6))
case('averagePool3d', lambda x: F.avg_pool3d(x, 2, 1) ** 2, r(1, 1, 3, 3, 2))
case('globalAveragePool', lambda x: x.mean((2, 3), keepdim=True) ** 2, r(2, 2, 2, 3))
case('globalMaxPool', lambda x: x.amax((2, 3), keepdim=True) ** 2, distinct(2, 2, 2, 3))
case('adaptiveAveragePool', lambda x: F.adaptive_avg_pool2d(x, (2, 3)) ** 2, r(1, 2, 5, 4))

start('reduction')
case('reduceSum', lambda x: x.sum((0, 2)) ** 2, r(2, 3, 2))
case('reduceSum of all', lambda x: x.sum() ** 2, r(2, 3))
case('reduceMean', lambda x: x.mean(1, keepdim=True) ** 2, r(2, 3, 2))
case('reduceMax', lambda x: x.amax(1) ** 2, distinct(3, 4))
case('reduceMax, equal', lambda x: x.amax(-1) ** 2, torch.tensor([[1.0, 1.0, 0.5], [0.0, 2.0, 2.0]]), order=1)
case('reduceMin', lambda x: x.amin((0, 1)) ** 2, distinct(2, 3, 2))
case('reduceProd', lambda x: x.prod(1), r(2, 4, low=0.5))
case('reduceProd with zeros', lambda x: x.prod(1), torch.tensor([[0.0, 2, 3], [0, 0, 3], [1, -2, 3]]), order=1)
case('ReduceL1', lambda x: x.abs().sum(1) ** 2, r(2, 3))
case('norm', lambda x: x.norm(dim=1), r(2, 3))
case('norm of 0', lambda x: x.norm(dim=1), torch.tensor([[0.0, 0.0], [3.0, 4.0]]), order=1)
case('ReduceSumSquare', lambda x: (x * x).sum(0) ** 2, r(2, 3))
case('ReduceLogSum', lambda x: x.sum(1).log(), r(2, 3, low=0.25))
case('logSumExp', lambda x: x.logsumexp(1), r(2, 4))
case('logSumExp, large', lambda x: x.logsumexp(0, keepdim=True), r(4) + 96)
case('argMax', lambda x: x.argmax(1), distinct(3, 4), order=0)
case('argMin', lambda x: x.argmin(0, keepdim=True), distinct(3, 4), order=0)
case('topK', lambda x: [x.topk(2, 1)[0] ** 2, x.topk(2, 1)[1]], distinct(3, 5))
case('topK, smallest', lambda x: [y if y.dtype == torch.int64 else y**2 for y in x.topk(2, 0, largest=False)], distinct(4, 2))
case('cumSum', lambda x: x.cumsum(1) ** 2, r(2, 4))
case('cumSum, exclusive', lambda x: (x.cumsum(0) - x) ** 2, r(4, 2))
case('cumSum, reverse', lambda x: x.flip(1).cumsum(1).flip(1) ** 2, r(2, 4))
case('variance', lambda x: x.var(1, unbiased=False), r(2, 4))
case('normalize', lambda x: F.normalize(x, dim=1), r(2, 4))
case('softmax', lambda x: x.softmax(-1), r(2, 4))
case('softmax, axis 1', lambda x: x.softmax(1), r(2, 3, 2))
case('logSoftmax, axis 0', lambda x: x.log_softmax(0), r(3, 2))
case('logSoftmax', lambda x: x.log_softmax(-1), r(2, 4))

start('normalization')
layer = lambda x, s, b: F.layer_norm(x, x.shape[-1:], s, b, 1e-2)
case('layerNorm', layer, r(3, 4), r(4), r(4))
case('layerNorm without bias', lambda x, s: layer(x, s, None), r(2, 2, 4), r(4))


def statistics(x, s, b):
    mean = x.mean((1, 2), keepdim=True)
    inverse = (x.var((1, 2), unbiased=False, keepdim=True) + 1e-2).rsqrt()
    return [(x - mean) * inverse * s + b, mean, inverse]


case('LayerNormalization with statistics', statistics, r(2, 2, 3), r(2, 3), r(2, 3))
case('rmsNorm', lambda x, s: F.rms_norm(x, x.shape[-1:], s, 1e-2), r(3, 4), r(4))
case('groupNorm', lambda x, s, b: F.group_norm(x, 2, s, b, 1e-2), r(2, 4, 2, 2), r(4), r(4))
case('GroupNormalization', lambda x, s, b: F.group_norm(x, 2, s, b, 1e-2), r(2, 6, 3), r(6), r(6))
case('groupNorm of vectors', lambda x, s, b: F.group_norm(x, 2, s, b), r(3, 6), r(6), r(6))
case('instanceNorm', lambda x, s, b: F.instance_norm(x, None, None, s, b, eps=1e-2), r(2, 2, 3, 2), r(2), r(2))


def batch(x, s, b, m, v):
    view = lambda t: t[:, None, None]
    return (x - view(m)) / torch.sqrt(view(v) + 1e-3) * view(s) + view(b)


case('batchNorm', batch, r(2, 3, 2, 2), r(3), r(3), r(3), r(3, low=0.5))
case(
    'batchNormTraining',
    lambda x, s, b: [F.batch_norm(x, None, None, s, b, True, eps=1e-2), x.mean((0, 2)), x.var((0, 2), unbiased=False)],
    r(3, 2, 4), r(2), r(2),
)

start('activation')
wide = lambda: r(8, low=-4, high=4)
for name in ['relu', 'sigmoid', 'tanh', 'softplus', 'softsign', 'silu', 'mish', 'elu', 'selu', 'gelu', 'hardswish']:
    case(name, getattr(F, name), wide())
case('hardsigmoid', lambda x: (x / 6 + 0.5).clamp(0, 1), wide())
case('hardSigmoid of ONNX', lambda x: (0.3 * x + 0.4).clamp(0, 1), wide())
case('gelu, tanh', lambda x: F.gelu(x, approximate='tanh'), wide())
case('quickGelu', lambda x: x * torch.sigmoid(1.702 * x), wide())
case('leakyRelu', lambda x: F.leaky_relu(x, 0.2), wide())
case('elu, alpha', lambda x: F.elu(x, 0.5), wide())
case('celu', lambda x: F.celu(x, 0.5), wide())
case('prelu', lambda x, s: torch.where(x > 0, x, x * s), r(2, 3, 2), r(3, 1))
case('elu far out', F.elu, torch.tensor([-200.0, 200.0]))

case('Hardmax', lambda x: F.one_hot(x.argmax(-1), 4).double() * 2, distinct(3, 4))
case('Shrink', lambda x: torch.where(x > 1.5, x - 0.25, torch.where(x < -1.5, x + 0.25, 0)) ** 2, wide())
case('ThresholdedRelu', lambda x: torch.where(x > 0.5, x, 0) ** 2, wide())
case('Swish', lambda x: x * torch.sigmoid(1.5 * x), wide())
case('Dropout, not in training', lambda x: x**2, r(5))

start('resize')
scales = [('up', (6, 10)), ('down', (2, 3)), ('odd', (4, 7)), ('one', (1, 1))]
for word, sizes in scales:
    for name, mode in [('nearest', 'nearest'), ('nearest-exact', 'nearest-exact'), ('linear', 'bilinear'), ('cubic', 'bicubic')]:
        case(f'{name} {word}', lambda x: F.interpolate(x, sizes, mode=mode) ** 2, r(1, 1, 3, 5))
    for name, mode in [('linear', 'bilinear'), ('cubic', 'bicubic')]:
        fn = lambda x: F.interpolate(x, sizes, mode=mode, align_corners=True) ** 2
        case(f'{name} corners {word}', fn, r(1, 1, 3, 5))
case('nearest, scale', lambda x: F.interpolate(x, scale_factor=2) ** 2, r(2, 1, 2, 3))
case('linear, scale', lambda x: F.interpolate(x, scale_factor=2, mode='bilinear') ** 2, r(1, 2, 3, 2))
case('linear, one axis', lambda x: F.interpolate(x, 7, mode='linear') ** 2, r(2, 2, 4))

start('detection')


def roi_align(x, boxes, pictures, size, scale, samples, aligned):
    """torchvision.ops.roi_align, written out."""
    height, width = x.shape[2:]

    def sample(plane, y, xx):
        if y < -1 or y > height or xx < -1 or xx > width:
            return torch.zeros(plane.shape[0])
        y, xx = min(max(y, 0), height - 1), min(max(xx, 0), width - 1)
        y0, x0 = int(y), int(xx)
        y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
        dy, dx = y - y0, xx - x0
        top = plane[:, y0, x0] * (1 - dx) + plane[:, y0, x1] * dx
        return top * (1 - dy) + (plane[:, y1, x0] * (1 - dx) + plane[:, y1, x1] * dx) * dy

    result = []
    for box, picture in zip(boxes.tolist(), pictures.tolist()):
        offset = 0.5 if aligned else 0
        left, top, right, bottom = [c * scale - offset for c in box]
        w, h = right - left, bottom - top
        if not aligned:
            w, h = max(w, 1), max(h, 1)
        for oy in range(size[0]):
            for ox in range(size[1]):
                total = 0
                for sy in range(samples):
                    for sx in range(samples):
                        y = top + h / size[0] * (oy + (sy + 0.5) / samples)
                        total = total + sample(x[picture], y, left + w / size[1] * (ox + (sx + 0.5) / samples))
                result.append(total / samples**2)
    return torch.stack(result).reshape(len(boxes), size[0], size[1], -1).permute(0, 3, 1, 2)


boxes = torch.tensor([[1.0, 0.5, 9.0, 7.5], [-6.0, 2.0, 3.0, 30.0], [4.0, 4.0, 4.5, 4.25], [0.0, 0.0, 13.0, 11.0]])
for aligned in (True, False):
    case(
        f'roiAlign {"aligned" if aligned else "at corners"}',
        lambda x: roi_align(x, boxes, i([0, 1, 1, 0]), (2, 3), 0.5, 2, aligned) ** 2,
        r(2, 2, 5, 6),
    )


def suppress(boxes, scores, limit, overlap, threshold):
    rows = []
    for b in range(scores.shape[0]):
        for c in range(scores.shape[1]):
            kept = []
            for k in scores[b, c].argsort(descending=True).tolist():
                if scores[b, c, k] <= threshold or len(kept) == limit:
                    continue
                x1, y1, x2, y2 = boxes[b, k].tolist()
                fine = True
                for o in kept:
                    u1, v1, u2, v2 = boxes[b, o].tolist()
                    both = max(0, min(x2, u2) - max(x1, u1)) * max(0, min(y2, v2) - max(y1, v1))
                    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - both
                    fine = fine and both / union <= overlap
                if fine:
                    kept.append(k)
                    rows.append([b, c, k])
    return i(rows)


corners = r(2, 6, 2, low=0, high=4)
case(
    'nonMaxSuppression',
    lambda b, s: suppress(b, s, 3, 0.3, -0.25),
    torch.cat([corners, corners + r(2, 6, 2, low=1, high=4)], -1), distinct(2, 2, 6),
    order=0,
)

start('attention')
q, k, v = r(2, 2, 3, 4), r(2, 2, 5, 4), r(2, 2, 5, 3)
sdpa = F.scaled_dot_product_attention
case('attention', sdpa, q, k, v)
case('attention, scale and bias', lambda q, k, v, b: sdpa(q, k, v, b, scale=0.7), q, k, v, r(2, 3, 5))
mask = ints(2, 1, 3, 5, high=2).bool()
mask[0, 0, 1] = False
mask[1, 0, 2] = True
case('attention, mask', lambda q, k, v, m: sdpa(q, k, v, m), q, k, v, mask)
case('attention, causal', lambda q, k, v: sdpa(q, k, v, is_causal=True), q, r(2, 2, 3, 4), r(2, 2, 3, 3))
keys = torch.tensor([[[[False, True, True]]], [[[True, False, True]]]])
case(
    'attention, causal and mask',
    lambda q, k, v, m: sdpa(q, k, v, m & torch.ones(3, 3).tril().bool()),
    q, r(2, 2, 3, 4), r(2, 2, 3, 3), keys,
)
case('heads', lambda x: x.reshape(2, 3, 2, 2).transpose(1, 2) ** 2, r(2, 3, 4))
case('heads merged', lambda x: x.transpose(1, 2).reshape(2, 3, 4) ** 2, r(2, 2, 3, 2))


def rotary(x, places, layout, base=100.0, width=4):
    angles = places[..., None] * base ** (-torch.arange(0, width, 2) / width)
    turned, rest = x[..., :width], x[..., width:]
    if layout == 'interleaved':
        z = torch.view_as_complex(turned.reshape(*turned.shape[:-1], -1, 2).contiguous()) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([torch.view_as_real(z).flatten(-2), rest], -1)
    half = torch.cat([-turned[..., width // 2 :], turned[..., : width // 2]], -1)
    c, s = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
    return torch.cat([turned * c + half * s, rest], -1)


for layout in ('interleaved', 'halves'):
    case(f'rotary, {layout}', lambda x, p: rotary(x, p, layout) ** 2, r(2, 3, 4), i([0, 1, 7]))
    case(f'rotary of a part, {layout}', lambda x, p: rotary(x, p, layout) ** 2, r(2, 3, 6), i([2, 1, 5]))

start('loss')
labels = i([1, 3, 0, 2])
case('crossEntropy', lambda x, t: F.cross_entropy(x, t), r(4, 5), labels)
case('crossEntropy, smoothing', lambda x, t: F.cross_entropy(x, t, label_smoothing=0.1), r(4, 5), labels)
case(
    'crossEntropy, ignored',
    lambda x, t: F.cross_entropy(x.flatten(0, 1), t.flatten(), ignore_index=-100, label_smoothing=0.2),
    r(2, 2, 5), i([[1, -100], [-100, 4]]),
)
case('crossEntropy, each', lambda x, t: F.cross_entropy(x, t, reduction='none', ignore_index=3), r(4, 5), labels)
case('crossEntropy, sum', lambda x, t: F.cross_entropy(x, t, reduction='sum', ignore_index=3), r(4, 5), labels)
case('meanSquaredError', F.mse_loss, r(2, 3), r(2, 3))
case('meanAbsoluteError', F.l1_loss, r(2, 3), r(2, 3))
case('huber', lambda x, y: F.huber_loss(x, y, delta=0.75), r(3, 4), r(3, 4))
case('huber, sum', lambda x, y: F.huber_loss(x, y, reduction='sum'), r(3, 4), r(3, 4))
case('binaryCrossEntropy', F.binary_cross_entropy_with_logits, wide(), r(8, low=0, high=1))
case(
    'binaryCrossEntropy, weight',
    lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(2.5)),
    wide(), ints(8, high=2).double(),
)
case(
    'klDivergence',
    lambda a, b: F.kl_div(a.log_softmax(-1), b.log_softmax(-1), reduction='batchmean', log_target=True),
    r(3, 4), r(3, 4),
)
case('cosineSimilarity', F.cosine_similarity, r(3, 4), r(3, 4))


def info_nce(a, b, scale):
    logits = scale * F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T
    target = torch.arange(len(a))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


case('infoNCE', info_nce, r(4, 3), r(4, 3), torch.tensor(2.5))
case('dropout', lambda x, u: torch.where(u >= 0.25, x / 0.75, 0) ** 2, r(8), r(8, low=0, high=1))

OUT.mkdir(parents=True, exist_ok=True)
for name, cases in families.items():
    lines = [f'{json.dumps(key)}:{json.dumps(entry, separators=(",", ":"))}' for key, entry in cases.items()]
    (OUT / f'{name}.json').write_text('{\n' + ',\n'.join(lines) + '\n}\n')
    print(name, len(cases))
