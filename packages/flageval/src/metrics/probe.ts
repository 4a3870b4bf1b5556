import { FlagError, Tensor } from '@flag/core-tensor'

export interface ProbeOptions {
  /** Inverse strength of the L2 penalty, as scikit-learn's C. Default 1. */
  c?: number
  /** Stop when no partial derivative of the mean loss is larger. Default 1e-6. */
  tolerance?: number
  /** Default 1,000. */
  iterations?: number
}

/** Multinomial logistic regression on fixed vectors: a linear probe. */
export interface Probe {
  /** Float64, one row of weights for each class: `[classes, E]`. */
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  readonly classes: number
  readonly width: number
  /** Of the objective: ½‖w‖² + C Σ losses. */
  readonly loss: number
  readonly iterations: number
}

/**
 * Fits a linear probe: softmax regression with an L2 penalty on the weights and none on the intercepts, minimised by
 * L-BFGS (Nocedal and Wright 2006, algorithm 7.5; ten pairs, strong Wolfe line search). The objective is that of
 * scikit-learn's LogisticRegression, so that coefficients agree; there is no chance in it. Throws `shape-mismatch` and
 * `invalid-argument`.
 *
 * @param x float32 `[samples, E]`
 * @param y for each sample, its class from 0
 */
export function fitProbe(
  x: Tensor<'float32'>,
  y: ArrayLike<number>,
  classes: number,
  options: ProbeOptions = {},
): Probe {
  const { c = 1, tolerance = 1e-6, iterations = 1000 } = options
  const [samples, width] = x.shape
  if (x.rank !== 2 || y.length !== samples || samples === 0) {
    throw new FlagError(
      'shape-mismatch',
      `vectors [${x.shape}] with ${y.length} classes: expected [samples, E]`,
    )
  }
  for (let i = 0; i < samples; i++)
    if (!(Number.isInteger(y[i]) && y[i] >= 0 && y[i] < classes))
      throw new FlagError('invalid-argument', `sample ${i}: class ${y[i]} is not one of ${classes}`)
  const size = classes * width
  const objective = (point: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0)
    let loss = 0
    const logits = new Float64Array(classes)
    for (let i = 0; i < samples; i++) {
      let highest = Number.NEGATIVE_INFINITY
      for (let k = 0; k < classes; k++) {
        let sum = point[size + k]
        for (let j = 0; j < width; j++) sum += point[k * width + j] * x.data[i * width + j]
        logits[k] = sum
        if (sum > highest) highest = sum
      }
      let total = 0
      for (let k = 0; k < classes; k++) total += Math.exp(logits[k] - highest)
      loss += c * (Math.log(total) + highest - logits[y[i]])
      for (let k = 0; k < classes; k++) {
        const error = c * (Math.exp(logits[k] - highest) / total - Number(k === y[i]))
        gradient[size + k] += error
        for (let j = 0; j < width; j++) gradient[k * width + j] += error * x.data[i * width + j]
      }
    }
    for (let k = 0; k < size; k++) {
      loss += point[k] ** 2 / 2
      gradient[k] += point[k]
    }
    return loss
  }
  const start = new Float64Array(size + classes)
  const found = minimise(objective, start, { tolerance: tolerance * c * samples, iterations })
  return {
    weights: found.point.slice(0, size),
    intercepts: found.point.slice(size),
    classes,
    width,
    loss: found.value,
    iterations: found.iterations,
  }
}

/** Logits `[samples, classes]` of vectors `[samples, E]`. */
export function probeLogits(
  { weights, intercepts, classes, width }: Probe,
  x: Tensor<'float32'>,
): Tensor<'float32'> {
  const [samples] = x.shape
  const data = new Float32Array(samples * classes)
  for (let i = 0; i < samples; i++)
    for (let k = 0; k < classes; k++) {
      let sum = intercepts[k]
      for (let j = 0; j < width; j++) sum += weights[k * width + j] * x.data[i * width + j]
      data[i * classes + k] = sum
    }
  return new Tensor('float32', [samples, classes], data)
}

type Objective = (point: Float64Array, gradient: Float64Array) => number

const dot = (a: Float64Array, b: Float64Array) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

const MEMORY = 10
const [SUFFICIENT, CURVATURE] = [1e-4, 0.9]

/** L-BFGS from a point, until no derivative is above the tolerance in size. */
function minimise(
  objective: Objective,
  start: Float64Array,
  stop: { tolerance: number; iterations: number },
) {
  let point = start
  let gradient: Float64Array = new Float64Array(start.length)
  let value = objective(point, gradient)
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = []
  let iterations = 0
  while (iterations < stop.iterations && gradient.some((g) => Math.abs(g) > stop.tolerance)) {
    const direction = towards(gradient, pairs)
    const slope = dot(gradient, direction)
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    const next = lineSearch(objective, point, value, direction, slope, first)
    if (next === undefined) break
    const s = next.point.map((x, i) => x - point[i])
    const y = next.gradient.map((g, i) => g - gradient[i])
    const product = dot(s, y)
    if (product > 0) pairs.push({ s, y, rho: 1 / product })
    if (pairs.length > MEMORY) pairs.shift()
    ;({ point, gradient, value } = next)
    iterations++
  }
  return { point, value, iterations }
}

/** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
function towards(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
) {
  const q = gradient.map((g) => -g)
  const alphas = [...pairs].reverse().map(({ s, y, rho }) => {
    const alpha = rho * dot(s, q)
    for (let i = 0; i < q.length; i++) q[i] -= alpha * y[i]
    return alpha
  })
  const last = pairs.at(-1)
  const scale = last ? dot(last.s, last.y) / dot(last.y, last.y) : 1
  for (let i = 0; i < q.length; i++) q[i] *= scale
  pairs.forEach(({ s, y, rho }, k) => {
    const beta = alphas[pairs.length - 1 - k] - rho * dot(y, q)
    for (let i = 0; i < q.length; i++) q[i] += beta * s[i]
  })
  return q
}

/** A step with the strong Wolfe conditions by doubling and halving; undefined where rounding allows none. */
function lineSearch(
  objective: Objective,
  point: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
  first: number,
) {
  let [low, high, step] = [0, Number.POSITIVE_INFINITY, first]
  let best: { point: Float64Array; gradient: Float64Array; value: number } | undefined
  for (let i = 0; i < 40; i++) {
    const next = point.map((x, k) => x + step * direction[k])
    const gradient = new Float64Array(point.length)
    const found = objective(next, gradient)
    const along = dot(gradient, direction)
    if (found > value + SUFFICIENT * step * slope) high = step
    else {
      best = { point: next, gradient, value: found }
      if (Math.abs(along) <= CURVATURE * Math.abs(slope)) return best
      if (along > 0) high = step
      else low = step
    }
    step = high === Number.POSITIVE_INFINITY ? 2 * step : (low + high) / 2
  }
  return best
}

/**
 * The places of k samples of every class, drawn without repetition by a seed, for a k-shot probe. Throws
 * `invalid-argument` for a class with fewer samples.
 */
export function shots(y: ArrayLike<number>, classes: number, k: number, draw: () => number): number[] {
  return Array.from({ length: classes }, (_, label) => {
    const own = Array.from(y).flatMap((it, i) => (it === label ? [i] : []))
    if (own.length < k)
      throw new FlagError('invalid-argument', `class ${label} has ${own.length} samples, not ${k}`)
    for (let i = 0; i < k; i++) {
      const j = i + Math.floor(draw() * (own.length - i))
      ;[own[i], own[j]] = [own[j], own[i]]
    }
    return own.slice(0, k)
  }).flat()
}
