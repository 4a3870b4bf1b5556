import { expect, it } from 'vitest'
import type { Dims } from '../graph/dims.ts'
import { Graph } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import { openTraced } from '../runtime/compile.ts'
import { Generator } from '../tensor/generator.ts'
import * as ops from './index.ts'

const random = new Generator(3)
const [batch, queries, keys, heads, width] = [2, 3, 5, 4, 32]

it.each<[string, number[]]>([
  ['none', []],
  ['of queries and keys', [queries, keys]],
  ['of keys, for each text', [batch, 1, 1, keys]],
  ['of heads', [1, heads, queries, keys]],
])('attention as one operator gives what it stands for; bias: %s', async (_, shape) => {
  const inputs = [
    random.randn([batch, queries, width]),
    random.randn([batch, keys, width]),
    random.randn([batch, keys, width]),
    ...(shape.length > 0 ? [random.randn(shape)] : []),
  ]
  const dims: Dims[] = [
    ['batch', 'queries', width],
    ['batch', 'keys', width],
    ['batch', 'keys', width],
    shape,
  ]
  const results: number[][] = []
  for (const fused of [false, true]) {
    const traced = trace(
      (q, k, v, bias) => ops.multiHeadAttention(q, k, v, { heads, bias }),
      inputs.map((_, i) => spec('float32', dims[i])) as never[],
      new Graph(undefined, { fused }),
    )
    expect(traced.graph.nodes.some(({ operator }) => operator === 'MultiHeadAttention')).toBe(fused)
    const session = await openTraced(traced, { threads: 1 })
    const { out } = await session.run(Object.fromEntries(inputs.map((x, i) => [`in.${i}`, x])))
    expect(out.shape).toEqual([batch, queries, width])
    results.push(out.toNumbers())
    await session.dispose()
  }
  const [plain, fused] = results
  expect(Math.max(...plain.map((value, i) => Math.abs(value - fused[i])))).toBeLessThan(1e-6)
})
