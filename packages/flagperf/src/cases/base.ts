import {
  compile,
  Generator,
  ops,
  type SessionOptions,
  spec,
  type Tensor,
  type Value,
} from '@flag/core-tensor'
import type { BaseRaw } from '../results/schema.ts'
import type { BaseSpec } from './spec.ts'

type Run = () => Promise<unknown>

/**
 * Measures a property of the machine through ONNX Runtime itself, so that what a model reaches can be compared with
 * what the runtime can reach at all. Numbers are random: zeros would take less power and may be special cases.
 */
export async function measureBase({ probe, provider, threads, size, runs }: BaseSpec): Promise<BaseRaw> {
  // In this thread: nothing is sent anywhere, and inputs are not copied.
  const options: SessionOptions = { providers: [provider], threads, isolation: 'inline' }
  if (probe === 'gemm') return { ...(await gemm(size, runs, options)), kind: 'base', probe, referenceNs: [] }
  if (probe === 'memory')
    return { ...(await memory(size, runs, options)), kind: 'base', probe, referenceNs: [] }
  return launch(size, runs, options)
}

/** An fp32 product of two square matrices; only a single number of the result is handed out. */
async function gemm(n: number, runs: number, options: SessionOptions) {
  const random = new Generator(1)
  const [a, b] = [random.rand([n, n]), random.rand([n, n])]
  const product = await compile(
    (x, y) => first(ops.matmul(x, y)),
    [spec('float32', [n, n]), spec('float32', [n, n])],
    options,
  )
  try {
    return { workPerRun: 2 * n ** 3, timesNs: await timesOf(() => product(a, b), runs) }
  } finally {
    await product.dispose()
  }
}

/** Reads an array and writes another of its size. */
async function memory(bytes: number, runs: number, options: SessionOptions) {
  const elements = Math.floor(bytes / 4)
  const x: Tensor = new Generator(1).rand([elements])
  const negative = await compile((value) => first(ops.neg(value)), [spec('float32', [elements])], options)
  try {
    return { workPerRun: 2 * 4 * elements, timesNs: await timesOf(() => negative(x), runs) }
  } finally {
    await negative.dispose()
  }
}

/** Runs of a long chain of nodes on one number beside those of a chain of one node: what is left is the cost of a node. */
async function launch(nodes: number, runs: number, options: SessionOptions): Promise<BaseRaw> {
  const x = new Generator(1).rand([1])
  const chain = (length: number) =>
    compile(
      (value) => {
        let y: Value = value
        for (let i = 0; i < length; i++) y = ops.sin(y)
        return y
      },
      [spec('float32', [1])],
      { ...options, optimization: 'disabled' },
    )
  const long = await chain(nodes + 1)
  const short = await chain(1)
  try {
    const timesNs: number[] = []
    const referenceNs: number[] = []
    await long(x)
    await short(x)
    // In turns, so that both see the same machine.
    for (let run = 0; run < runs; run++) {
      timesNs.push(await timeOf(() => long(x)))
      referenceNs.push(await timeOf(() => short(x)))
    }
    return { kind: 'base', probe: 'launch', workPerRun: nodes, timesNs, referenceNs }
  } finally {
    await long.dispose()
    await short.dispose()
  }
}

/** One element: outputs are copied, and the copy of a large one would be measured too. */
const first = (x: Value): Value => ops.slice(ops.flatten(x), [0], [1])

async function timesOf(run: Run, runs: number): Promise<number[]> {
  await run()
  const times: number[] = []
  for (let i = 0; i < runs; i++) times.push(await timeOf(run))
  return times
}

async function timeOf(run: Run): Promise<number> {
  const start = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - start)
}
