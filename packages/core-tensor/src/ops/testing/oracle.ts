import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { gradients } from '../../grad/gradient.ts'
import type { Dim } from '../../graph/dims.ts'
import { constant, type Value } from '../../graph/graph.ts'
import { spec, type Traced, trace } from '../../graph/trace.ts'
import { openTraced } from '../../runtime/compile.ts'
import { isFloat, type NumericDType } from '../../tensor/dtype.ts'
import { fromNumbers, sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { add, mul } from '../elementwise.ts'
import { reduceSum } from '../reduction.ts'

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
function weightedSum(
  values: readonly Value[],
  shapes: readonly (readonly number[])[],
  wave: (n: number) => number,
  step: number,
  phase: number,
): Value {
  const parts = values.map((value, i) => {
    const weights = Array.from({ length: sizeOf(shapes[i]) }, (_, k) => wave(step * k + phase + i))
    return reduceSum(mul(value, constant(weights, value.dtype as 'float32', shapes[i])))
  })
  return parts.reduce((sum, part) => add(sum, part))
}

const floats = (values: readonly Value[]) => values.filter(({ dtype }) => isFloat(dtype))

const floatShapes = (list: readonly Stored[]) =>
  list.filter(({ dtype }) => isFloat(dtype)).map(({ shape }) => shape)

interface Derivatives {
  outputs: readonly Value[]
  gradients?: Value[]
  second?: Value[]
}

/** Which axes of the inputs are traced as symbols: axes of one size share one. */
export type Symbolic = 'none' | 'first' | 'all'

const dimsOf = (shape: readonly number[], symbolic: Symbolic): Dim[] =>
  shape.map((size, i) =>
    size !== 1 && (symbolic === 'all' || (symbolic === 'first' && i === 0)) ? `size${size}` : size,
  )

/** The case's outputs, gradients and second derivatives, as far as the golden has them. */
export function traceCase(run: Case, golden: Golden, symbolic: Symbolic = 'none'): Traced<Derivatives> {
  const specs = golden.inputs.map(({ dtype, shape }) => spec(dtype, dimsOf(shape, symbolic)))
  return trace((...inputs: Value[]): Derivatives => {
    const result = run(...inputs)
    const outputs = Array.isArray(result) ? (result as Value[]) : [result as Value]
    if (!golden.gradients) return { outputs }
    const sources = floats(inputs)
    const loss = weightedSum(floats(outputs), floatShapes(golden.outputs), Math.sin, 1.7, 0.3)
    const first = gradients(loss, sources)
    if (!golden.second) return { outputs, gradients: first }
    const slope = weightedSum(first, floatShapes(golden.gradients), Math.cos, 1.3, 0.5)
    return { outputs, gradients: first, second: gradients(slope, sources) }
  }, specs as never) as Traced<Derivatives>
}

/** Runs a case and compares everything with its golden, each tensor relative to its largest element. */
export async function checkCase(run: Case, golden: Golden, symbolic: Symbolic = 'none'): Promise<void> {
  const traced = traceCase(run, golden, symbolic)
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
