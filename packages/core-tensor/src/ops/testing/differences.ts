import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gradients } from '../../grad/gradient.ts'
import { constant, type Value } from '../../graph/graph.ts'
import { spec, trace } from '../../graph/trace.ts'
import { openTraced } from '../../runtime/compile.ts'
import { isFloat } from '../../tensor/dtype.ts'
import { Generator } from '../../tensor/generator.ts'
import { fromNumbers, sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { abs, add, mul, sub } from '../elementwise.ts'
import { reduceSum } from '../reduction.ts'
import type { Case } from './oracle.ts'

export interface DifferenceOptions {
  /** Length of the step to each side. */
  step: number
  /** Relative to the sum of the absolute parts of the directional derivative. */
  tolerance: number
  /** Whether the gradient is differentiated, too. */
  second?: boolean
}

/** For double precision: the error of a central difference is about step² and the rounding 1e-16 / step. */
export const DOUBLE: DifferenceOptions = { step: 1e-4, tolerance: 1e-6, second: true }
/** For operators without a kernel in double precision. */
export const SINGLE: DifferenceOptions = { step: 1 / 64, tolerance: 2e-3, second: true }
/** For functions that are at most quadratic along a line, as products of two inputs are: any step is exact. */
export const QUADRATIC: DifferenceOptions = { step: 0.5, tolerance: 2e-5 }

/** A sum of all elements with random weights, and the sum of the absolute parts. */
function combination(values: readonly Value[], seed: number): { total: Value; size: Value } {
  const parts = values.map((value, i) => {
    const shape = value.shape as number[]
    return mul(value, constant(numbers(shape, seed + i), value.dtype as 'float64', shape))
  })
  const sum = (list: Value[]) => list.map((part) => reduceSum(part)).reduce((a, b) => add(a, b))
  return { total: sum(parts), size: sum(parts.map((part) => abs(part))) }
}

/** Normal numbers of a seed. */
export function numbers(shape: readonly number[], seed: number): number[] {
  return new Generator(seed).randn(shape).toNumbers().slice(0, sizeOf(shape))
}

export const normal = (
  shape: readonly number[],
  seed: number,
  dtype: 'float32' | 'float64' = 'float64',
): Tensor => fromNumbers(numbers(shape, seed), shape, dtype)

/**
 * Compares the gradient of a random combination of the function's outputs, along a random direction, with the central
 * difference; with `second`, the same for a random combination of the gradients. Also compares the shapes that were
 * inferred with those that were computed.
 */
export async function checkDifferences(
  run: Case,
  inputs: readonly Tensor[],
  { step, tolerance, second = false }: DifferenceOptions,
  seed = 1,
): Promise<void> {
  const floats = inputs.flatMap(({ dtype }, i) => (isFloat(dtype) ? [i] : []))
  const outputsOf = (values: readonly Value[]): readonly Value[] => {
    const result = run(...values)
    return Array.isArray(result) ? (result as Value[]) : [result as Value]
  }
  const loss = (values: readonly Value[]) =>
    combination(
      outputsOf(values).filter(({ dtype }) => isFloat(dtype)),
      seed + 100,
    ).total
  const slope = (values: readonly Value[]) => {
    const sources = floats.map((i) => values[i])
    return combination(gradients(loss(values), sources), seed + 200).total
  }
  const specs = inputs.map(({ dtype, shape }) => spec(dtype, shape))
  const traced = trace((...values: Value[]) => {
    const moved = (by: number) =>
      values.map((x, i) => {
        if (!floats.includes(i)) return x
        const direction = constant(
          numbers(inputs[i].shape, seed + 300 + i),
          x.dtype as 'float64',
          inputs[i].shape,
        )
        return add(x, mul(direction, by))
      })
    const compare = (scalar: (values: readonly Value[]) => Value) => {
      const difference = mul(sub(scalar(moved(step)), scalar(moved(-step))), 1 / (2 * step))
      const sources = floats.map((i) => values[i])
      const parts = gradients(scalar(values), sources).map((g, k) => {
        const shape = inputs[floats[k]].shape
        return mul(g, constant(numbers(shape, seed + 300 + floats[k]), g.dtype as 'float64', shape))
      })
      const sum = (list: Value[]) => list.map((part) => reduceSum(part)).reduce((a, b) => add(a, b))
      return { difference, derivative: sum(parts), size: sum(parts.map((part) => abs(part))) }
    }
    return {
      outputs: outputsOf(values),
      first: compare(loss),
      ...(second ? { second: compare(slope) } : {}),
    }
  }, specs as never)
  const session = await openTraced(traced as never, { isolation: 'inline', threads: 1 })
  try {
    const feeds = Object.fromEntries(inputs.map((tensor, i) => [`in.${i}`, tensor]))
    const found = await session.run(
      Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputs.includes(name))),
    )
    const { outputs } = traced.result as { outputs: readonly Value[] }
    outputs.forEach((value, i) => {
      expect([...found[`out.outputs.${i}`].shape], `inferred shape of output ${i}`).toEqual([...value.shape])
    })
    for (const order of second ? ['first', 'second'] : ['first']) {
      const [difference, derivative, size] = ['difference', 'derivative', 'size'].map((part) =>
        found[`out.${order}.${part}`].item(),
      )
      const error = Math.abs(difference - derivative)
      const detail = `${order} derivative ${derivative}, difference ${difference}, size ${size}`
      expect(error <= tolerance * Math.max(size, 1), detail).toBe(true)
    }
  } finally {
    await session.dispose()
  }
}

/** Trials of a property, and their seed. */
export const TRIALS = { numRuns: 12, seed: 20251125 }

export interface Trial {
  run: Case
  inputs: readonly Tensor[]
  options?: DifferenceOptions
}

/** A test that the gradients agree with differences for whatever `given` gives. */
export function property<T>(
  name: string,
  given: fc.Arbitrary<T>,
  build: (given: T, seed: number) => Trial,
): void {
  test(name, () =>
    fc.assert(
      fc.asyncProperty(given, fc.nat(1000), async (value, seed) => {
        const { run, inputs, options = DOUBLE } = build(value, seed)
        await checkDifferences(run, inputs, options, seed)
      }),
      TRIALS,
    ),
  )
}

/** A shape with this many axes of 1 to `largest` elements. */
export const shapes = (minRank: number, maxRank: number, largest = 3): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: largest }), { minLength: minRank, maxLength: maxRank })
