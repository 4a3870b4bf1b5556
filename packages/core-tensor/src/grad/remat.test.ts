import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { stopGradient, type Value } from '../graph/graph.ts'
import { spec, type Traced, trace } from '../graph/trace.ts'
import { encodeModel } from '../onnx/encode.ts'
import { modelMessage } from '../onnx/schema.ts'
import { decodeMessage } from '../onnx/wire.ts'
import * as ops from '../ops/index.ts'
import { normal } from '../ops/testing/differences.ts'
import { compile } from '../runtime/compile.ts'
import { fromNumbers } from '../tensor/tensor.ts'
import { gradients, valueAndGrad } from './gradient.ts'
import { remat } from './remat.ts'

const [ROWS, WIDTH] = [3, 4]
const specs = [
  { a: spec('float32', [WIDTH, WIDTH]), b: spec('float32', [WIDTH, WIDTH]) },
  spec('float32', [ROWS, WIDTH]),
] as const
const tensors = [
  { a: normal([WIDTH, WIDTH], 1, 'float32'), b: normal([WIDTH, WIDTH], 2, 'float32') },
  normal([ROWS, WIDTH], 3, 'float32'),
] as const

type Block = (x: Value, weight: Value) => Value
const block: Block = (x, weight) => ops.sin(ops.exp(ops.mul(ops.tanh(ops.matmul(x, weight)), 0.5)))

/** Two blocks with a residual path, the loss and the gradients of the parameters. */
const step =
  (layer: Block) =>
  (params: { a: Value; b: Value }, x: Value): [Value, { a: Value; b: Value }] =>
    valueAndGrad((p: { a: Value; b: Value }, input: Value) => {
      const hidden = layer(input, p.a)
      return ops.reduceMean(ops.mul(ops.add(layer(hidden, p.b), hidden), hidden))
    })(params, x)

/** How often each operator is left after the runtime's own optimisation. */
async function optimized(traced: Traced<unknown>): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'flag-remat-'))
  try {
    const path = join(folder, 'optimized.onnx')
    const session = await InferenceSession.create(encodeModel(traced.graph, traced.outputs), {
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: path,
    })
    await session.release()
    const counts = new Map<string, number>()
    for (const { opType = '' } of decodeMessage(modelMessage, readFileSync(path)).graph?.node ?? []) {
      counts.set(opType, (counts.get(opType) ?? 0) + 1)
    }
    return counts
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('gives the same loss and gradients', async () => {
  const results = []
  for (const layer of [block, remat(block), remat((x: Value, w: Value) => remat(block)(x, w))]) {
    const run = await compile(step(layer), specs, { isolation: 'inline', threads: 1 })
    const [loss, grads] = await run(...tensors)
    results.push([loss, grads.a, grads.b].map((tensor) => tensor.toNumbers()))
    await run.dispose()
  }
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toEqual(results[0])
})

test('is computed again, and only the part that depends on the batch', async () => {
  const plain = await optimized(trace(step(block), specs))
  const again = await optimized(trace(step(remat(block)), specs))
  expect([plain.get('Exp'), again.get('Exp')]).toEqual([2, 4])
  expect([plain.get('Tanh'), again.get('Tanh')]).toEqual([2, 4])

  const scaled: Block = (x, weight) => block(x, ops.exp(weight))
  const parameters = await optimized(trace(step(remat(scaled)), specs))
  // Two for the activations, again for the backward pass, and one for each parameter.
  expect(parameters.get('Exp')).toBe(6)
})

test('works on integer and bool inputs, and keeps stopped gradients stopped', async () => {
  const embed = (table: Value, ids: Value, mask: Value) => {
    const rows = ops.exp(ops.embedding(table, ids))
    const shift = stopGradient(ops.square(rows))
    return ops.where(mask, rows, ops.mul(rows, shift))
  }
  const run = (body: typeof embed) => (table: Value, ids: Value, mask: Value) =>
    gradients(ops.reduceSum(ops.square(body(table, ids, mask))), [table])[0]
  const inputs = [
    normal([5, 2], 4, 'float32'),
    fromNumbers([1, 3, 1], [3], 'int64'),
    fromNumbers([1, 0, 0], [3, 1], 'bool'),
  ] as const
  const types = [spec('float32', [5, 2]), spec('int64', [3]), spec('bool', [3, 1])] as const
  const found: number[][] = []
  for (const body of [embed, remat(embed)]) {
    const compiled = await compile(run(body), types, { isolation: 'inline', threads: 1 })
    found.push((await compiled(...inputs)).toNumbers())
    await compiled.dispose()
  }
  expect(found[1]).toEqual(found[0])
  const counts = await optimized(trace(run(remat(embed)), types))
  expect(counts.get('Exp')).toBe(2)
})

test('has second derivatives', async () => {
  const curvature = (layer: Block) => (x: Value, weight: Value) => {
    const [g] = gradients(ops.reduceSum(layer(x, weight)), [weight])
    return gradients(ops.reduceSum(ops.square(g)), [x])[0]
  }
  const found: number[][] = []
  for (const layer of [block, remat(block)]) {
    const compiled = await compile(
      curvature(layer),
      [spec('float32', [ROWS, WIDTH]), spec('float32', [WIDTH, WIDTH])],
      {
        isolation: 'inline',
        threads: 1,
      },
    )
    found.push((await compiled(tensors[1], tensors[0].a)).toNumbers())
    await compiled.dispose()
  }
  for (const [i, value] of found[1].entries()) expect(value).toBeCloseTo(found[0][i], 4)
})
