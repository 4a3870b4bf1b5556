import { broadcastDims } from '../graph/dims.ts'
import { constant, type Operand, toValue, toValues, type Value } from '../graph/graph.ts'
import {
  apply1,
  defineOperators,
  type GradientRule,
  inputOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { ElementwiseOperator } from '../graph/operatorNames.ts'
import { cast, equal, greaterOrEqual, lessOrEqual, logicalAnd, where } from './comparison.ts'
import { broadcastInputs, unary } from './rules.ts'
import { unbroadcast } from './shape.ts'

/** A rule for y = f(a, b) given the two partial products with the output's gradient. */
const binary =
  (
    left: (g: Value, a: Value, b: Value, y: Value) => Value,
    right: (g: Value, a: Value, b: Value, y: Value) => Value,
  ): GradientRule =>
  ({ inputs: [a, b], outputs: [y] }, [g]) =>
    g && a && b ? [unbroadcast(left(g, a, b, y), a), unbroadcast(right(g, a, b, y), b)] : []

/** The gradient goes to the inputs that are the extremum, in equal shares, as in PyTorch's amax. */
const extremum: GradientRule = ({ inputs, outputs: [y] }, [g]) => {
  if (!g) return []
  const hits = inputs.map((x) => where(equal(x as Value, y), 1, 0, y.dtype))
  const share = div(
    g,
    hits.reduce((sum, hit) => add(sum, hit)),
  )
  return inputs.map((x, i) => unbroadcast(mul(share, hits[i]), x as Value))
}

/** `a ^ n`, without a power where n makes it needless. */
const rootOf = (a: Value, n: number): Value | number => (n === 0 ? 1 : n === 1 ? a : pow(a, n))

const zero: GradientRule = () => []

export const elementwise = defineOperators<ElementwiseOperator>({
  Identity: { infer: sameAsInput(), gradient: (_, [g]) => [g] },
  Add: {
    infer: broadcastInputs,
    gradient: binary(
      (g) => g,
      (g) => g,
    ),
  },
  Sub: { infer: broadcastInputs, gradient: binary((g) => g, neg) },
  Mul: {
    infer: broadcastInputs,
    gradient: binary(
      (g, _, b) => mul(g, b),
      (g, a) => mul(g, a),
    ),
  },
  Div: {
    infer: broadcastInputs,
    gradient: binary(
      (g, _, b) => div(g, b),
      (g, _, b, y) => neg(div(mul(g, y), b)),
    ),
  },
  Pow: {
    infer: (application) => {
      const [a, b] = [inputOf(application, 0), inputOf(application, 1)]
      return [{ dtype: a.dtype, shape: broadcastDims(a.shape, b.shape) }]
    },
    gradient: ({ inputs: [a, exponent], outputs: [y] }, [g]) => {
      if (!g || !a || !exponent) return []
      const b = cast(exponent, a.dtype)
      const known = exponent.constant?.toNumbers()
      // b a^(b - 1) would be 0 * infinity at a = 0, b = 0.
      if (known?.every((n) => n === 0)) return []
      const power = known?.length === 1 ? rootOf(a, known[0] - 1) : pow(a, sub(b, 1))
      const slope = known && !known.includes(0) ? mul(b, power) : where(equal(b, 0), 0, mul(b, power))
      const base = unbroadcast(mul(g, slope), a)
      if (known) return [base]
      // d/db a^b = a^b log a, which is 0 at a = 0 (b > 0) where log is not finite.
      const isZero = equal(a, 0)
      return [base, unbroadcast(mul(g, mul(y, where(isZero, 0, log(where(isZero, 1, a))))), exponent)]
    },
  },
  Mod: { infer: broadcastInputs, gradient: notDifferentiable('used on integers; jumps at every multiple') },
  Sum: {
    infer: broadcastInputs,
    gradient: ({ inputs }, [g]) => inputs.map((x) => g && unbroadcast(g, x as Value)),
  },
  Mean: {
    infer: broadcastInputs,
    gradient: ({ inputs }, [g]) => inputs.map((x) => g && unbroadcast(div(g, inputs.length), x as Value)),
  },
  Max: { infer: broadcastInputs, gradient: extremum },
  Min: { infer: broadcastInputs, gradient: extremum },
  Clip: {
    infer: sameAsInput(),
    gradient: ({ inputs: [x, low, high] }, [g]) => {
      if (!g || !x) return []
      const above = low && greaterOrEqual(x, low)
      const below = high && lessOrEqual(x, high)
      const inside = above && below ? logicalAnd(above, below) : (above ?? below)
      return [inside ? where(inside, g, 0) : g]
    },
  },
  Neg: { infer: sameAsInput(), gradient: (_, [g]) => [g && neg(g)] },
  Abs: { infer: sameAsInput(), gradient: unary((x) => sign(x)) },
  Sign: { infer: sameAsInput(), gradient: zero },
  Ceil: { infer: sameAsInput(), gradient: zero },
  Floor: { infer: sameAsInput(), gradient: zero },
  Round: { infer: sameAsInput(), gradient: zero },
  Exp: { infer: sameAsInput(), gradient: unary((_, y) => y) },
  Log: { infer: sameAsInput(), gradient: unary((x) => reciprocal(x)) },
  Sqrt: { infer: sameAsInput(), gradient: unary((_, y) => div(0.5, y)) },
  Reciprocal: { infer: sameAsInput(), gradient: unary((_, y) => neg(mul(y, y))) },
  Erf: {
    infer: sameAsInput(),
    gradient: unary((x) => mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
  },
})

const two =
  (name: ElementwiseOperator) =>
  (a: Operand, b: Operand): Value =>
    apply1(name, toValues(a, b))
const one =
  (name: ElementwiseOperator) =>
  (x: Operand): Value =>
    apply1(name, [toValue(x)])

export const add = two('Add')
export const sub = two('Sub')
export const mul = two('Mul')
export const div = two('Div')
/** `a ^ b`, with the dtype of `a`. */
export function pow(a: Operand, b: Operand): Value {
  return apply1('Pow', toValues(a, b))
}
/** Integer remainder with the sign of the divisor, as Python's `%`. */
export const mod = two('Mod')
export const maximum = two('Max')
export const minimum = two('Min')
export function neg(x: Operand): Value {
  return apply1('Neg', [toValue(x)])
}
export const abs = one('Abs')
export const sign = one('Sign')
export const ceil = one('Ceil')
export const floor = one('Floor')
/** Nearest integer, halves to even. */
export const round = one('Round')
export const exp = one('Exp')
export const log = one('Log')
export const sqrt = one('Sqrt')
export const reciprocal = one('Reciprocal')
export const erf = one('Erf')
export const identity = one('Identity')
export const square = (x: Value): Value => mul(x, x)
export const rsqrt = (x: Operand): Value => reciprocal(sqrt(x))

/** Limits values to `[low, high]`; either side may be left out. */
export function clip(x: Value, low?: number, high?: number): Value {
  const limit = (value: number | undefined) =>
    value === undefined ? undefined : constant(value, x.dtype as 'float32')
  return apply1('Clip', [x, limit(low), limit(high)])
}
