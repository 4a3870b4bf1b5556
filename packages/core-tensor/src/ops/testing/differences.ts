import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gradients } from '../../grad/gradient.ts'
import { constant, type Value } from '../../graph/graph.ts'
import { compile, specOf } from '../../runtime/compile.ts'
import { Generator } from '../../tensor/generator.ts'
import type { Tensor } from '../../tensor/tensor.ts'
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
const DOUBLE: DifferenceOptions = { step: 1e-4, tolerance: 1e-6, second: true }
/** For operators without a kernel in double precision. */
export const SINGLE: DifferenceOptions = { step: 1 / 64, tolerance: 2e-3, second: true }
/** For functions that are at most quadratic along a line, as products of two inputs are: any step is exact. */
export const QUADRATIC: DifferenceOptions = { step: 0.5, tolerance: 2e-5 }

/** Normal numbers of a seed. */
export const normal = (
  shape: readonly number[],
  seed: number,
  dtype: 'float32' | 'float64' = 'float64',
): Tensor => new Generator(seed).randn(shape).cast(dtype)

const sum = (values: readonly Value[]) => values.map((x) => reduceSum(x)).reduce((a, b) => add(a, b))

/** Each value times random weights. */
const weighted = (values: readonly Value[], seed: number) =>
  values.map((x, i) => mul(x, constant(normal(x.shape as number[], seed + i, x.dtype as 'float64'))))

/**
 * Compares the gradient of a random combination of the function's outputs, along a random direction, with the central
 * difference; with `second`, the same for a random combination of the gradients. Also compares the shapes that were
 * inferred with those that were computed.
 */
async function checkDifferences(
  run: Case,
  inputs: readonly Tensor[],
  { step, tolerance, second = false }: DifferenceOptions,
  seed: number,
): Promise<void> {
  const outputsOf = (xs: readonly Value[]): readonly Value[] => [run(...xs)].flat()
  const loss = (xs: readonly Value[]) => sum(weighted(outputsOf(xs), seed + 100))
  const slope = (xs: readonly Value[]) => sum(weighted(gradients(loss(xs), xs), seed + 200))
  const directions = inputs.map(({ shape, dtype }, i) => normal(shape, seed + 300 + i, dtype as 'float64'))
  const compare = (f: (xs: readonly Value[]) => Value, xs: readonly Value[]) => {
    const moved = (by: number) => xs.map((x, i) => add(x, mul(constant(directions[i]), by)))
    const parts = gradients(f(xs), xs).map((g, i) => mul(g, constant(directions[i])))
    return {
      difference: mul(sub(f(moved(step)), f(moved(-step))), 1 / (2 * step)),
      derivative: sum(parts),
      size: sum(parts.map((part) => abs(part))),
    }
  }
  const compiled = await compile(
    (xs: readonly Value[]) => {
      const orders = second ? [loss, slope] : [loss]
      return { outputs: outputsOf(xs), orders: orders.map((f) => compare(f, xs)) }
    },
    [inputs.map(specOf)],
    { isolation: 'inline', threads: 1 },
  )
  try {
    const { outputs, orders } = await compiled([...inputs])
    const inferred = compiled.traced.result.outputs.map(({ shape }) => shape)
    expect(outputs.map(({ shape }) => shape)).toEqual(inferred)
    orders.forEach((order, i) => {
      const [difference, derivative, size] = [order.difference, order.derivative, order.size].map((x) =>
        x.item(),
      )
      const detail = `derivative ${i + 1}: ${derivative}, difference: ${difference}, sum of the parts: ${size}`
      expect(Math.abs(difference - derivative) <= tolerance * Math.max(size, 1), detail).toBe(true)
    })
  } finally {
    await compiled.dispose()
  }
}

/** Trials of a property, and their seed. */
const TRIALS = { numRuns: 12, seed: 20251125 }

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
