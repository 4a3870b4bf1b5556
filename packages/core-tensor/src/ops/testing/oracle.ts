import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { gradients } from '../../grad/gradient.ts'
import { constant, Graph, type Value } from '../../graph/graph.ts'
import { spec, type Traced, trace } from '../../graph/trace.ts'
import { openTraced } from '../../runtime/compile.ts'
import { isFloat, type NumericDType } from '../../tensor/dtype.ts'
import { fromNumbers, type Tensor } from '../../tensor/tensor.ts'
import { add, mul } from '../elementwise.ts'
import { reduceSum } from '../reduction.ts'
import { reshape } from '../shape.ts'

/** An operator under test: from the golden file's inputs to its outputs. */
export type Case = (...inputs: Value[]) => Value | readonly Value[]
export type Cases = Readonly<Record<string, Case>>

interface Stored {
  dtype: NumericDType
  shape: number[]
  data: number[]
}

/** What tools/oracles/operators.py wrote for a case; see there for what is differentiated. */
export interface Golden {
  inputs: Stored[]
  outputs: Stored[]
  gradients?: Stored[]
  second?: Stored[]
}

export function readGoldens(family: string): Record<string, Golden> {
  const file = new URL(`../../../goldens/operators/${family}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Sum of all elements of the float values, each times a number that no other element has. */
export function weightedSum(
  values: readonly Value[],
  wave: (n: number) => number,
  step: number,
  phase: number,
) {
  const parts = values.map((value, i) => {
    const size = value.shape.reduce<number>((product, dim) => product * (dim as number), 1)
    const weights = Array.from({ length: size }, (_, k) => wave(step * k + phase + i))
    return reduceSum(mul(reshape(value, [size]), constant(weights, value.dtype as 'float32', [size])))
  })
  return parts.reduce((sum, part) => add(sum, part))
}

const floats = (values: readonly Value[]) => values.filter(({ dtype }) => isFloat(dtype))

interface Derivatives {
  outputs: readonly Value[]
  gradients?: Value[]
  second?: Value[]
}

/** The case's outputs, gradients and second derivatives, as far as the golden has them. */
export function traceCase(run: Case, golden: Golden): Traced<Derivatives> {
  const specs = golden.inputs.map(({ dtype, shape }) => spec(dtype, shape))
  return trace(
    (...inputs: Value[]): Derivatives => {
      const result = run(...inputs)
      const outputs = Array.isArray(result) ? (result as Value[]) : [result as Value]
      if (!golden.gradients) return { outputs }
      const sources = floats(inputs)
      const first = gradients(weightedSum(floats(outputs), Math.sin, 1.7, 0.3), sources)
      if (!golden.second) return { outputs, gradients: first }
      return { outputs, gradients: first, second: gradients(weightedSum(first, Math.cos, 1.3, 0.5), sources) }
    },
    specs as never,
    new Graph(),
  ) as Traced<Derivatives>
}

/** Runs a case and compares everything with its golden, each tensor relative to its largest element. */
export async function checkCase(run: Case, golden: Golden): Promise<void> {
  const traced = traceCase(run, golden)
  const session = await openTraced(traced, { isolation: 'inline', threads: 1 })
  const tensors = golden.inputs.map(({ dtype, shape, data }) => fromNumbers(data, shape, dtype))
  const feeds = Object.fromEntries(tensors.map((tensor, i) => [`in.${i}`, tensor]))
  const found = await session.run(
    Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputs.includes(name))),
  )
  await session.dispose()
  const groups = [
    ['outputs', golden.outputs, 1e-5],
    ['gradients', golden.gradients ?? [], 1e-5],
    ['second', golden.second ?? [], 3e-5],
  ] as const
  for (const [group, expected, tolerance] of groups) {
    const values = traced.result[group] ?? []
    expect(values.length, `number of ${group}`).toBe(expected.length)
    expected.forEach((stored, i) => {
      const value = values[i]
      const name = `${group}.${i}`
      expectClose(found[`out.${name}`], stored, tolerance, name)
      const inferred = value.shape.map((dim, k) => (typeof dim === 'number' ? dim : stored.shape[k]))
      expect(inferred, `inferred shape of ${name}`).toEqual(stored.shape)
    })
  }
}

function expectClose(actual: Tensor, expected: Stored, tolerance: number, name: string): void {
  expect({ name, dtype: actual.dtype, shape: [...actual.shape] }).toEqual({
    name,
    dtype: expected.dtype,
    shape: expected.shape,
  })
  const numbers = actual.toNumbers()
  const scale = Math.max(0.1, ...expected.data.map(Math.abs))
  const worst = Math.max(
    0,
    ...numbers.map((x, i) => (Object.is(x, expected.data[i]) ? 0 : Math.abs(x - expected.data[i]))),
  )
  const detail = `${name}: [${numbers}] for [${expected.data}]`
  expect(worst <= (isFloat(expected.dtype) ? tolerance * scale : 0), detail).toBe(true)
}
