import type { Checkpoint, Tensor } from '@flag/core-tensor'

/** A small model with random weights that is compared with a reference implementation. */
export interface ConformanceCase {
  /** The class: `AltCLIP`, `EVA`. */
  readonly model: string
  readonly title: string
  /** The implementation that made the golden outputs, with its version. */
  readonly reference: string
  /** The greatest absolute difference to the reference, for each output. */
  differences(): Promise<Record<string, number>>
}

/**
 * The greatest absolute difference between outputs and those of the same name in `golden`; `short.x`, an output that
 * was computed in another way, is compared with `x`. Outputs that the golden file does not have are left out.
 */
export async function differencesTo(
  golden: Checkpoint,
  outputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, number>> {
  const result: Record<string, number> = {}
  for (const [name, tensor] of Object.entries(outputs)) {
    const reference = name.replace(/^short\./, '')
    if (golden.has(reference)) result[name] = greatestDifference(tensor, await golden.read(reference))
  }
  return result
}

function greatestDifference(actual: Tensor, expected: Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY
  const [a, b] = [actual.toNumbers(), expected.toNumbers()]
  // A difference with NaN is NaN, which must not pass for small.
  return a.reduce((worst, value, i) => {
    const difference = Math.abs(value - b[i])
    return difference <= worst ? worst : Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
  }, 0)
}
