import { expect, test } from 'vitest'
import { gradients } from '../grad/gradient.ts'
import { constant, type Value } from '../graph/graph.ts'
import { compile, specOf } from '../runtime/compile.ts'
import { Generator } from '../tensor/generator.ts'
import { fromNumbers, type Tensor } from '../tensor/tensor.ts'
import * as ops from './index.ts'
import { normal } from './testing/differences.ts'

// ONNX Runtime's ScatterND adds wrongly on several threads where places repeat. Every gradient that adds up at
// repeated places has to be the same on one thread and on two, and exactly the sum.

const ROWS = 5000
const TABLE = 7
const WIDTH = 64
const ids = new Generator(1).randint(0, TABLE, [ROWS])
const weights = fromNumbers(
  Array.from({ length: ROWS * WIDTH }, (_, i) => (i % 5) - 2),
  [ROWS, WIDTH],
  'float32',
)

/** What each row of the table gets: whole numbers, so that the order of adding makes no difference. */
function expected(): number[] {
  const sums = new Array<number>(TABLE * WIDTH).fill(0)
  const rows = ids.toNumbers()
  weights.toNumbers().forEach((w, i) => {
    sums[rows[Math.floor(i / WIDTH)] * WIDTH + (i % WIDTH)] += w
  })
  return sums
}

const tuples = (places: Value) => ops.unsqueeze(places, 1)
const zeros = () => ops.fillDims([TABLE, WIDTH], 0, 'float32')
const scattering: Record<string, (table: Value, places: Value, w: Value) => Value> = {
  embedding: (table, places, w) => gradients(ops.embedding(table, places), [table], w)[0],
  gatherND: (table, places, w) => gradients(ops.gatherND(table, tuples(places)), [table], w)[0],
  gatherElements: (table, places, w) => {
    const all = ops.expand(tuples(places), [ROWS, WIDTH])
    return gradients(ops.gatherElements(table, all, 0), [table], w)[0]
  },
  scatterND: (_, places, w) => ops.scatterND(zeros(), tuples(places), w, 'add'),
  'along the last axis': (table, places, w) => {
    const columns = ops.swapAxes(table, 0, 1)
    return gradients(ops.gather(columns, places, 1), [table], ops.swapAxes(w, 0, 1))[0]
  },
}

test.each(Object.keys(scattering))('%s adds up exactly on one thread and on two', async (name) => {
  const table = normal([TABLE, WIDTH], 2, 'float32')
  for (const threads of [1, 2]) {
    const run = await compile(scattering[name], [specOf(table), specOf(ids), specOf(weights)] as const, {
      isolation: 'inline',
      threads,
    })
    const sums: Tensor = await run(table, ids, weights)
    await run.dispose()
    expect(sums.toNumbers(), `${threads} threads`).toEqual(expected())
  }
})

test('pooling and region gradients are the same on one thread and on two', async () => {
  const x = normal([2, 3, 24, 24], 3, 'float32')
  const results: number[][] = []
  for (const threads of [1, 2]) {
    const run = await compile(
      (v: Value) => {
        const pooled = ops.maxPool(v, 3, { stride: 1, padding: 1 })
        const boxes = constant([0, 0, 20, 20, 1, 1, 9, 13], 'float32', [2, 4])
        const regions = ops.roiAlign(v, boxes, constant([1, 1], 'int64'), { size: [5, 5], samples: 2 })
        return gradients(ops.add(ops.reduceSum(pooled), ops.reduceSum(regions)), [v])[0]
      },
      [specOf(x)] as const,
      { isolation: 'inline', threads },
    )
    results.push((await run(x)).toNumbers())
    await run.dispose()
  }
  results[1].forEach((value, i) => {
    expect(value).toBeCloseTo(results[0][i], 5)
  })
})
