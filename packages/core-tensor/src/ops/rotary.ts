import { FlagError } from '../errors.ts'
import { constant, type Value } from '../graph/graph.ts'
import type { FloatDType } from '../tensor/dtype.ts'
import { cast } from './comparison.ts'
import { add, mul, sub } from './elementwise.ts'
import { reshape, unsqueeze } from './shape.ts'
import { concat, slice, stack } from './slicing.ts'
import { cos, sin } from './trigonometric.ts'

/** Cosines and sines of the rotation of each place and pair, `[...places, width / 2]`. */
export interface Rotation {
  cos: Value
  sin: Value
}

/**
 * Angles of rotary position embedding for integer places `[...]`: place times `base ^ (-2 i / width)` for pair i
 * (Su et al. 2021). Angles are computed in float32, whatever `dtype` the result has.
 */
export function rotation(
  places: Value,
  width: number,
  base = 10_000,
  dtype: FloatDType = 'float32',
): Rotation {
  const frequencies = Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width))
  const angles = mul(unsqueeze(cast(places, 'float32'), -1), constant(frequencies, 'float32'))
  return { cos: cast(cos(angles), dtype), sin: cast(sin(angles), dtype) }
}

/**
 * Rotates pairs of the last axis of x by `rotation`, which broadcasts to `[..., width / 2]`. The pairs are
 * neighbours (2i, 2i + 1) when `interleaved` (RoFormer, GPT-J, GLM, EVA-02), else i and i + width / 2 (GPT-NeoX, LLaMA).
 * A rotation narrower than x leaves the elements behind it as they are.
 */
export function rotary(x: Value, { cos: c, sin: s }: Rotation, layout: 'interleaved' | 'halves'): Value {
  const width = x.shape[x.rank - 1]
  const half = c.shape[c.rank - 1]
  if (typeof width !== 'number' || typeof half !== 'number' || 2 * half > width) {
    throw new FlagError('shape-mismatch', `rotary: ${x} is too narrow for ${half} pairs`)
  }
  const part = (from: number, to: number) => slice(x, [from], [to], [x.rank - 1])
  if (2 * half < width) {
    return concat([rotary(part(0, 2 * half), { cos: c, sin: s }, layout), part(2 * half, width)], x.rank - 1)
  }
  const turn = (a: Value, b: Value) => [sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))]
  if (layout === 'halves') return concat(turn(part(0, half), part(half, width)), x.rank - 1)
  const pairs = reshape(x, [...x.shape.slice(0, -1), half, 2])
  const member = (i: number) => reshape(slice(pairs, [i], [i + 1], [x.rank]), [...x.shape.slice(0, -1), half])
  return reshape(stack(turn(member(0), member(1)), x.rank), x.shape)
}
