import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Checkpoint, StoredTensor } from '../checkpoint/checkpoint.ts'
import { openCheckpoint } from '../checkpoint/open.ts'
import { writeSafetensors, writeSafetensorsParts } from '../checkpoint/safetensors.ts'
import { constant, type Value } from '../graph/graph.ts'
import { type Scope, scopeOfCheckpoint, scopeOver } from '../graph/scope.ts'
import { spec, type Traced, trace } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { openTraced } from '../runtime/compile.ts'
import { Generator } from '../tensor/generator.ts'
import { full, type Tensor, tensor } from '../tensor/tensor.ts'
import type { WeightPrecision } from './forms.ts'
import { conversionsOf, withConverted, writeConverted } from './weights.ts'

let folder: string
const checkpoints: Checkpoint[] = []
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flag-quantize-'))
})
afterAll(async () => {
  for (const checkpoint of checkpoints) await checkpoint.close()
  await rm(folder, { recursive: true })
})

async function open(file: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(file)
  checkpoints.push(checkpoint)
  return checkpoint
}

const [VOCABULARY, WIDTH, OUT] = [50, 96, 48]

/** A table, two matrices (one 70 wide, no whole number of 4-bit blocks), a bias and a tiny matrix. */
async function model(dtype: 'float32' | 'float16' | 'bfloat16', name: string): Promise<Checkpoint> {
  const generator = new Generator(5)
  const random = (...shape: number[]) => generator.randn(shape).cast(dtype)
  const file = path.join(folder, `${name}.safetensors`)
  await writeSafetensors(file, {
    table: random(VOCABULARY, WIDTH),
    first: random(70, WIDTH),
    second: random(OUT, 70),
    bias: random(OUT),
    tiny: random(4, OUT),
  })
  return open(file)
}

function traceModel(source: Checkpoint | Scope): Traced<Value> {
  const scope = 'param' in source ? source : scopeOfCheckpoint(source)
  const weight = (name: string) => ops.cast(scope.param(name), 'float32')
  return trace(
    (ids: Value) => {
      const x = ops.cast(ops.embedding(scope.param('table'), ids), 'float32')
      const h = ops.linear(x, weight('first'))
      return ops.linear(ops.linear(h, weight('second'), weight('bias')), weight('tiny'))
    },
    [spec('int64', ['batch', 'length'])] as const,
  ) as Traced<Value>
}

const ids = tensor(
  [
    [0, 7, 49],
    [3, 3, 12],
  ],
  'int64',
)

async function run(traced: Traced<Value>, optimization: 'all' | 'disabled' = 'all'): Promise<number[]> {
  const session = await openTraced(traced, { threads: 1, isolation: 'inline', optimization })
  try {
    return (await session.run({ 'in.0': ids })).out.toNumbers()
  } finally {
    await session.dispose()
  }
}

function cosine(a: number[], b: number[]): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

async function converted(checkpoint: Checkpoint, precision: WeightPrecision, name: string) {
  const traced = traceModel(checkpoint)
  const conversions = conversionsOf(traced, precision)
  const file = path.join(folder, `${name}-${precision}.safetensors`)
  const progress: number[] = []
  await writeConverted(file, conversions, { precision }, (done, total) => progress.push(done / total))
  const stored = await open(file)
  return { stored, conversions, progress, traced: withConverted(traced, conversions, stored.info) }
}

describe('converted weights', () => {
  it.each([
    ['fp16', 0.999999],
    ['bf16', 0.9999],
    ['int8', 0.9995],
    ['int4', 0.985],
  ] as const)('in %s give nearly the same results from a float32 file', async (precision, least) => {
    const checkpoint = await model('float32', 'float32')
    const { conversions, progress, traced, stored } = await converted(checkpoint, precision, 'float32')
    expect(conversions.map(({ stored: { name }, role }) => `${name} ${role}`)).toEqual([
      'table table',
      'first matrix',
      'second matrix',
    ])
    expect(progress.at(-1)).toBe(1)
    expect(stored.metadata).toEqual({ precision })
    const used = new Set(traced.graph.storedTensors.map(({ name }) => name))
    expect(used.has('bias') && used.has('tiny')).toBe(true)
    expect(used.has('table') || used.has('first') || used.has('second')).toBe(false)
    const result = cosine(await run(traced), await run(traceModel(checkpoint)))
    expect(result).toBeGreaterThan(least)
    expect(result).toBeLessThan(1 - 1e-12)
  })

  it('from 16-bit files are those of the same numbers in float32', async () => {
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const checkpoint = await model(dtype, dtype)
      const wide: Record<string, Tensor> = {}
      for (const name of checkpoint.names) wide[name] = (await checkpoint.read(name)).cast('float32')
      await writeSafetensors(path.join(folder, `${dtype}-wide.safetensors`), wide)
      const same = await open(path.join(folder, `${dtype}-wide.safetensors`))
      const [a, b] = [
        await converted(checkpoint, 'int8', dtype),
        await converted(same, 'int8', `${dtype}-wide`),
      ]
      for (const name of a.stored.names) {
        expect((await a.stored.read(name)).bytes).toEqual((await b.stored.read(name)).bytes)
      }
    }
  })

  it('are none where the file has them in that precision already', async () => {
    const checkpoint = await model('float16', 'kept')
    expect(conversionsOf(traceModel(checkpoint), 'fp16')).toEqual([])
    expect(conversionsOf(traceModel(checkpoint), 'bf16').length).toBe(3)
  })

  it('come from tensors in memory, too, where a file does not hold them raw', async () => {
    const checkpoint = await model('float16', 'raw')
    const read = await Promise.all(
      checkpoint.names.map(async (name) => [name, await checkpoint.read(name)] as const),
    )
    const inMemory = new Map(read)
    const scope = scopeOver(
      (name) => inMemory.has(name),
      (name) => constant(inMemory.get(name) as Tensor),
    )
    const traced = traceModel(scope)
    const conversions = conversionsOf(traced, 'int4')
    expect(conversions.map(({ role }) => role)).toEqual(['table', 'matrix', 'matrix'])
    await writeConverted(path.join(folder, 'memory.safetensors'), conversions)
    const stored = await open(path.join(folder, 'memory.safetensors'))
    const direct = await converted(checkpoint, 'int4', 'raw')
    expect(await run(withConverted(traced, conversions, stored.info))).toEqual(await run(direct.traced))
  })

  it('leave alone what is used in two ways, or in a way that has no such kernel', async () => {
    const checkpoint = await model('float32', 'shared')
    const scope = scopeOfCheckpoint(checkpoint)
    const traced = trace(
      (rows: Value, x: Value) => [
        ops.embedding(scope.param('table'), rows),
        ops.linear(x, scope.param('table')),
        ops.add(scope.param('first'), 1),
        ops.matmul(scope.param('second'), ops.transpose(scope.param('second'))),
      ],
      [spec('int64', ['n']), spec('float32', ['m', WIDTH])] as const,
    )
    expect(conversionsOf(traced, 'int4')).toEqual([])
  })

  it('keep tables whose rows are no whole number of 4-bit blocks in 8 bits', async () => {
    const file = path.join(folder, 'ragged.safetensors')
    await writeSafetensors(file, { table: new Generator(1).randn([60, 40]) })
    const checkpoint = await open(file)
    const traced = trace((rows: Value) => ops.embedding(scopeOfCheckpoint(checkpoint).param('table'), rows), [
      spec('int64', ['batch', 'length']),
    ] as const) as Traced<Value>
    const conversions = conversionsOf(traced, 'int4')
    expect(conversions.map(({ form }) => form.precision)).toEqual(['int8'])
    await writeConverted(path.join(folder, 'ragged-int4.safetensors'), conversions)
    const stored = await open(path.join(folder, 'ragged-int4.safetensors'))
    const result = await run(withConverted(traced, conversions, stored.info))
    const exact = await run(traced)
    result.forEach((value, i) => {
      expect(Math.abs(value - exact[i])).toBeLessThan(0.02)
    })
  })

  it('are never more than one at a time in memory', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const read: WeakRef<object>[] = []
    let most = 0
    const stored = Array.from(
      { length: 12 },
      (_, i): StoredTensor => ({
        name: `weight.${i}`,
        dtype: 'float32',
        shape: [64, 1024],
        read: async () => {
          gc()
          most = Math.max(most, read.filter((ref) => ref.deref() !== undefined).length)
          const weight = full([64, 1024], i + 1)
          read.push(new WeakRef(weight.data))
          return weight
        },
      }),
    )
    const traced = trace((x: Value) => stored.map((weight) => ops.linear(x, x.graph.stored(weight))), [
      spec('float32', ['n', 1024]),
    ] as const)
    await writeConverted(path.join(folder, 'many.safetensors'), conversionsOf(traced, 'int8'))
    expect(read.length).toBe(stored.length)
    // When one is read, the one before it may still be there; no other is.
    expect(most).toBeLessThanOrEqual(1)
    expect(await (await open(path.join(folder, 'many.safetensors'))).read('weight.4.scales')).toEqual(
      full([64], 5 / 127),
    )
  })

  it('in 16 bits are widened right before their use, not all at the start', async () => {
    const checkpoint = await model('float16', 'order')
    const profile = path.join(folder, 'profile')
    const session = await openTraced(traceModel(checkpoint), {
      threads: 1,
      isolation: 'inline',
      optimization: 'disabled',
      profile,
    })
    await session.run({ 'in.0': ids })
    await session.dispose()
    const [name] = (await readdir(folder)).filter((file) => file.startsWith('profile'))
    const events = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as {
      cat: string
      name: string
      args: { op_name: string }
    }[]
    const order = events
      .filter((event) => event.cat === 'Node' && event.name.endsWith('_kernel_time'))
      .map(({ args }) => args.op_name)
    expect(order.lastIndexOf('Cast')).toBeGreaterThan(order.indexOf('Gemm'))
  })
})

describe('writing tensors in parts', () => {
  it('refuses more and less than a tensor has, and leaves no file', async () => {
    const file = path.join(folder, 'parts.safetensors')
    const layout = [{ name: 'a', dtype: 'uint8', shape: [4] } as const]
    const write = (...lengths: number[]) =>
      writeSafetensorsParts(file, layout, async (put) => {
        for (const length of lengths) await put('a', new Uint8Array(length))
      })
    await expect(write(2, 3)).rejects.toThrow('3 bytes too many of "a"')
    await expect(write(2)).rejects.toThrow('2 bytes of "a" are missing')
    await expect(open(file)).rejects.toThrow('no such file')
    await write(1, 3)
    expect((await (await open(file)).read('a')).shape).toEqual([4])
  })
})
