import {
  createSession,
  type DType,
  type ExecutionProvider,
  encodeModel,
  FlagError,
  Generator,
  Graph,
  ops,
  type Session,
  type SessionOptions,
  spec,
  Tensor,
  type Traced,
  toFloat16Bits,
  trace,
  type Value,
} from '@flag/core-tensor'
import type { BaseDType, BaseProbe } from '../../results/base.ts'

/** A graph whose work is known, and what to feed it. */
export interface ChainGraph {
  readonly traced: Traced
  readonly feeds: Readonly<Record<string, Tensor>>
  /** Work of one link: floating-point or integer operations, bytes, or nodes. */
  readonly perLink: number
}

interface ChainSpec {
  readonly probe: Exclude<BaseProbe, 'capacity'>
  readonly dtype: BaseDType
  readonly size: number
  readonly provider: ExecutionProvider
}

/** Opens a session on a chain. */
export const openChain = ({ traced }: ChainGraph, options: SessionOptions): Promise<Session> =>
  createSession(encodeModel(traced.graph, traced.outputs), options)

/** The graph of a probe with so many links: products, passes, nodes, or, of the transfers, none or one. */
export function chainOf({ probe, dtype, size, provider }: ChainSpec, links: number): ChainGraph {
  switch (probe) {
    case 'gemm':
      return products(dtype, size, links, provider)
    case 'memory':
    case 'memory-add':
      return passes(probe, size, links, provider)
    case 'launch':
      return smallNodes(size, links)
    case 'transfer-in':
      return transferIn(size, links)
    case 'transfer-out':
      return transferOut(size, links)
  }
}

/** One element: outputs are copied, and the copy of a large one would be measured too. */
const first = (x: Value): Value => ops.slice(ops.reshape(x, [-1]), [0], [1])

function graphOf(
  inputs: readonly Tensor[],
  build: (...values: Value[]) => Value,
  perLink: number,
  graph = new Graph(),
): ChainGraph {
  const specs = inputs.map(({ dtype, shape }) => spec(dtype, shape))
  const traced = trace((...values: Value[]) => build(...values), specs, graph)
  const feeds = Object.fromEntries(inputs.map((tensor, i) => [`in.${i}`, tensor]))
  return { traced, feeds, perLink }
}

/** Uniform with mean 0 and a variance that a product of n rows keeps, so that a chain neither grows nor fades. */
function weights(n: number, seed: number): Tensor<'float32'> {
  const tensor = new Generator(seed).rand([n, n])
  const span = 2 * Math.sqrt(3 / n)
  tensor.data.forEach((value, i, data) => {
    data[i] = (value - 0.5) * span
  })
  return tensor
}

const halves = ({ shape, data }: Tensor<'float32'>) =>
  new Tensor('float16', shape, Uint16Array.from(data, toFloat16Bits))

function bytes(count: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(count / 4))
  const random = new Generator(seed)
  for (let i = 0; i < words.length; i++) words[i] = random.uint32()
  return new Uint8Array(words.buffer, 0, count)
}

/** Products of two square matrices of n rows. */
function products(dtype: BaseDType, n: number, links: number, provider: ExecutionProvider): ChainGraph {
  const work = 2 * n ** 3
  if (dtype === 'int8') {
    const a = new Tensor('uint8', [n, n], bytes(n * n, 1))
    const b = new Tensor('int8', [n, n], new Int8Array(bytes(n * n, 2).buffer, 0, n * n))
    const int8 = (x: Value) =>
      links === 0
        ? x
        : x.graph.node('MatMulInteger', '', [x, x.graph.constant(b)], {}, [{ dtype: 'int32', shape: [n, n] }])
            .outputs[0]
    return graphOf([a], (x) => first(int8(x)), work)
  }
  if (dtype === 'int4') return blockProducts(n, links, work)
  const make = (seed: number) => (dtype === 'float16' ? halves(weights(n, seed)) : weights(n, seed))
  const b = make(2)
  // On the CPU, both factors are inputs: a product with a constant would use a copy in another layout.
  if (provider === 'cpu')
    return graphOf([make(1), b], (x, w) => first(links === 0 ? x : ops.matmul(x, w)), work)
  // Elsewhere the matrices are made on the device, of a constant and a number: nothing large is sent.
  const one = dtype === 'float16' ? new Tensor('float16', [], Uint16Array.of(toFloat16Bits(1))) : scalar(1)
  return graphOf(
    [one],
    (s) => {
      let y = ops.mul(s.graph.constant(b), s)
      for (let i = 0; i < links; i++) y = ops.matmul(s.graph.constant(b), y)
      return first(y)
    },
    work,
  )
}

const scalar = (value: number) => new Tensor('float32', [], Float32Array.of(value))

/** Elements that share a scale. */
const BLOCK = 32
/** Multiply 8-bit whole numbers: the level that the runtime documents as int8. */
const INT8_ACCURACY = 4

/** Products with weights of 4 bits (com.microsoft's MatMulNBits); the other factor is fp32. */
function blockProducts(n: number, links: number, work: number): ChainGraph {
  if (n % BLOCK !== 0)
    throw new FlagError('invalid-argument', `int4 products take whole blocks of ${BLOCK}, not ${n} rows`)
  const packed = new Tensor('uint8', [n, n / BLOCK, BLOCK / 2], bytes((n * n) / 2, 2))
  const scales = new Tensor(
    'float32',
    [(n * n) / BLOCK],
    new Float32Array((n * n) / BLOCK).fill(1 / (4.6 * Math.sqrt(n))),
  )
  const attributes = { K: n, N: n, bits: 4, block_size: BLOCK, accuracy_level: INT8_ACCURACY }
  const graph = new Graph(
    new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
  )
  return graphOf(
    [weights(n, 1)],
    (x) => {
      let y = x
      for (let i = 0; i < links; i++)
        [y] = graph.node(
          'MatMulNBits',
          'com.microsoft',
          [y, graph.constant(packed), graph.constant(scales)],
          attributes,
          [{ dtype: 'float32' as DType, shape: [n, n] }],
        ).outputs
      return first(y)
    },
    work,
    graph,
  )
}

/** Numbers that a long array repeats. */
const TILE = 65536

/** Reads an array and writes another of its size, or reads two and writes one (STREAM's "add"). */
function passes(
  probe: 'memory' | 'memory-add',
  size: number,
  links: number,
  provider: ExecutionProvider,
): ChainGraph {
  const reads = probe === 'memory' ? 1 : 2
  const elements = Math.floor(size / 4)
  const pass = (x: Value, y: Value) => (probe === 'memory' ? ops.neg(x) : ops.add(x, y))
  const perLink = (reads + 1) * 4 * elements
  if (provider === 'cpu') {
    const inputs = Array.from({ length: reads }, (_, i) => new Generator(i + 1).rand([elements]))
    return graphOf(inputs, (x, y = x) => first(links === 0 ? x : pass(x, y)), perLink)
  }
  const rows = Math.max(1, Math.round(elements / TILE))
  const columns = Math.min(TILE, elements)
  return graphOf(
    Array.from({ length: reads }, (_, i) => new Generator(i + 1).rand([1, columns])),
    (x, y = x) => {
      const [a, b] = [x, y].map((value) => ops.expand(value, [rows, columns]))
      let result = a
      for (let i = 0; i < links; i++) result = pass(result, b)
      return first(result)
    },
    (reads + 1) * 4 * rows * columns,
  )
}

/** A chain of nodes on one number, beside a chain of one node. */
function smallNodes(_: number, links: number): ChainGraph {
  return graphOf(
    [new Generator(1).rand([1])],
    (x) => {
      let y = x
      for (let i = 0; i <= links; i++) y = ops.sin(y)
      return y
    },
    1,
  )
}

/** Sends an array of which one element is used, or that element alone. */
function transferIn(size: number, links: number): ChainGraph {
  const elements = links === 0 ? 1 : Math.floor(size / 4)
  return graphOf([new Generator(1).rand([elements])], (x) => ops.neg(first(x)), 4 * Math.floor(size / 4))
}

/** Makes an array and fetches it, or one element of it. */
function transferOut(size: number, links: number): ChainGraph {
  const columns = Math.min(TILE, Math.floor(size / 4))
  const rows = Math.max(1, Math.round(size / 4 / columns))
  return graphOf(
    [new Generator(1).rand([1, columns])],
    (x) => {
      const array = ops.neg(ops.expand(x, [rows, columns]))
      return links === 0 ? first(array) : array
    },
    4 * rows * columns,
  )
}
