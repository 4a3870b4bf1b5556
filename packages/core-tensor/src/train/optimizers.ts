import { constant, type Operand, type Value } from '../graph/graph.ts'
import { greater, where } from '../ops/comparison.ts'
import { add, div, maximum, minimum, mul, pow, rsqrt, sign, sqrt, sub } from '../ops/elementwise.ts'
import { matmul } from '../ops/linear.ts'
import { reduceMean, reduceSum } from '../ops/reduction.ts'
import { transpose } from '../ops/shape.ts'
import { scalar, type Tensor, zeros } from '../tensor/tensor.ts'
import { isSmall, oneVector } from './oneVector.ts'

/** Named parameters (or their gradients) in a traced graph. */
export type Values = Readonly<Record<string, Value>>
/** Named tensors. */
export type Tensors = Readonly<Record<string, Tensor>>
/** Per parameter, the tensors that an optimiser keeps; `step` counts the updates made, from 0. */
export interface OptimizerState<T> {
  readonly step: T
  readonly slots: Readonly<Record<string, Readonly<Record<string, T>>>>
}

/** An optimiser as pure functions: it can be traced into the training step's graph. */
export interface Optimizer {
  init(params: Tensors): OptimizerState<Tensor>
  update(
    gradients: Values,
    state: OptimizerState<Value>,
    params: Values,
  ): { params: Values; state: OptimizerState<Value> }
}

/** A learning rate, or one computed from the number of updates made (a float32 scalar). */
export type LearningRate = number | ((step: Value) => Value)

export interface DecayOptions {
  learningRate: LearningRate
  /** Decoupled weight decay (Loshchilov & Hutter 2019). Default 0. */
  weightDecay?: number
  /** Which parameters decay. Default: those of two or more dimensions, so neither biases nor norms. */
  decays?: (name: string, shape: readonly number[]) => boolean
}

type Slots<T> = Record<string, T>
/** The update of one parameter. */
interface Rule {
  /** Whether every element is updated by itself, so that several parameters can be updated as one vector. */
  elementwise?: boolean
  slots(param: Tensor): Slots<Tensor>
  update(context: { g: Value; p: Value; slots: Slots<Value>; t: Value; rate: Operand; decay: number }): {
    p: Value
    slots: Slots<Value>
  }
}

function optimizer(options: DecayOptions, rule: Rule | ((name: string, rank: number) => Rule)): Optimizer {
  const { learningRate, weightDecay = 0, decays = (_, shape) => shape.length > 1 } = options
  const ruleOf = typeof rule === 'function' ? rule : () => rule
  return {
    init: (params) => ({
      step: scalar(0),
      slots: Object.fromEntries(
        Object.entries(params).map(([name, tensor]) => [
          name,
          ruleOf(name, tensor.shape.length).slots(tensor),
        ]),
      ),
    }),
    update(gradients, state, params) {
      const rate = typeof learningRate === 'number' ? learningRate : learningRate(state.step)
      const t = add(state.step, 1)
      // A parameter without a gradient is frozen.
      const next: Record<string, Value> = { ...params }
      const slots: Record<string, Slots<Value>> = { ...state.slots }
      const together = new Map<string, { rule: Rule; decay: number; names: string[] }>()
      for (const [name, p] of Object.entries(params)) {
        if (!gradients[name]) continue
        const rule = ruleOf(name, p.rank)
        const decay = decays(name, p.shape as number[]) ? weightDecay : 0
        const key = rule.elementwise && isSmall(p) ? `${p.dtype}, decay ${decay}` : name
        const group = together.get(key) ?? { rule, decay, names: [] }
        together.set(key, group)
        group.names.push(name)
      }
      for (const { rule, decay, names } of together.values()) {
        const { join, cut } = oneVector(names.map((name) => params[name].shape as number[]))
        const kinds = Object.keys(state.slots[names[0]])
        const updated = rule.update({
          g: join(names.map((name) => gradients[name])),
          p: join(names.map((name) => params[name])),
          slots: record(kinds, (kind) => join(names.map((name) => state.slots[name][kind]))),
          t,
          rate,
          decay,
        })
        const parts = { p: cut(updated.p), slots: record(kinds, (kind) => cut(updated.slots[kind])) }
        names.forEach((name, i) => {
          next[name] = parts.p[i]
          slots[name] = record(kinds, (kind) => parts.slots[kind][i])
        })
      }
      return { params: next, state: { step: t, slots } }
    },
  }
}

const record = <T>(keys: readonly string[], value: (key: string) => T): Record<string, T> =>
  Object.fromEntries(keys.map((key) => [key, value(key)]))

/** `p (1 - rate * decay)` */
const decayed = (p: Value, rate: Operand, decay: number): Value =>
  decay === 0 ? p : typeof rate === 'number' ? mul(p, 1 - rate * decay) : mul(p, sub(1, mul(rate, decay)))

/** `beta * average + (1 - beta) * x` */
const mix = (average: Value, x: Value, beta: number): Value => add(mul(average, beta), mul(x, 1 - beta))

/** `1 - beta ^ t` */
const correction = (beta: number, t: Value): Value => sub(1, pow(constant(beta, 'float32'), t))

export interface AdamWOptions extends DecayOptions {
  beta1?: number
  beta2?: number
  epsilon?: number
}

/** AdamW (Loshchilov & Hutter 2019), with the arithmetic of torch.optim.AdamW. */
export const adamW = (options: AdamWOptions): Optimizer => optimizer(options, adamRule(options))

const adamRule = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions): Rule => ({
  elementwise: true,
  slots: ({ shape }) => ({ mean: zeros(shape), square: zeros(shape) }),
  update({ g, p, slots, t, rate, decay }) {
    const mean = mix(slots.mean, g, beta1)
    const square = mix(slots.square, mul(g, g), beta2)
    // Both bias corrections as one factor of the step, so that they cost nothing per element.
    const unbiased = sqrt(correction(beta2, t))
    const step = mul(div(rate, correction(beta1, t)), unbiased)
    const change = div(mul(mean, step), add(sqrt(square), mul(unbiased, epsilon)))
    return { p: sub(decayed(p, rate, decay), change), slots: { mean, square } }
  },
})

export interface MuonOptions extends AdamWOptions {
  /** Share of the running mean in the momentum. Default 0.95. */
  momentum?: number
  /** Which matrices are orthogonalised; AdamW updates everything else. Embeddings and output heads are best left to it. */
  orthogonal: (name: string) => boolean
  /** Newton-Schulz iterations. Default 5. */
  iterations?: number
}

/**
 * Muon (Jordan et al. 2024): the momentum of every matrix is replaced by a nearly orthogonal one, so that all its
 * directions are learned at one pace. Steps have the root mean square of AdamW's (Liu et al. 2025, arXiv 2502.16982),
 * so one learning rate serves both. As torch.optim.Muon with `match_rms_adamw`, in float32 throughout.
 */
export function muon(options: MuonOptions): Optimizer {
  const { momentum = 0.95, iterations = 5, orthogonal } = options
  const matrix: Rule = {
    slots: ({ shape }) => ({ momentum: zeros(shape) }),
    update({ g, p, slots, rate, decay }) {
      const running = mix(slots.momentum, g, momentum)
      const [rows, columns] = p.shape as [number, number]
      const step = mul(
        orthogonalised(mix(running, g, momentum), iterations),
        mul(rate, 0.2 * Math.sqrt(Math.max(rows, columns))),
      )
      return { p: sub(decayed(p, rate, decay), step), slots: { momentum: running } }
    },
  }
  const adam = adamRule(options)
  return optimizer(options, (name, rank) => (rank === 2 && orthogonal(name) ? matrix : adam))
}

/** A matrix with the singular vectors of `x` and singular values near 1: a quintic Newton-Schulz iteration. */
function orthogonalised(x: Value, iterations: number): Value {
  const [rows, columns] = x.shape as [number, number]
  const tall = rows > columns
  const [a, b, c] = [3.4445, -4.775, 2.0315]
  let y = tall ? transpose(x) : x
  y = div(y, maximum(sqrt(reduceSum(mul(y, y))), 1e-7))
  for (let i = 0; i < iterations; i++) {
    const gram = matmul(y, transpose(y))
    const polynomial = add(mul(gram, b), mul(matmul(gram, gram), c))
    y = add(mul(y, a), matmul(polynomial, y))
  }
  return tall ? transpose(y) : y
}

export interface SgdOptions extends DecayOptions {
  momentum?: number
  nesterov?: boolean
}

/** Stochastic gradient descent with (Nesterov) momentum as in torch.optim.SGD, except that decay is decoupled. */
export function sgd(options: SgdOptions): Optimizer {
  const { momentum = 0, nesterov = false } = options
  return optimizer(options, {
    elementwise: true,
    slots: ({ shape }): Slots<Tensor> => (momentum === 0 ? {} : { velocity: zeros(shape) }),
    update({ g, p, slots, rate, decay }): { p: Value; slots: Slots<Value> } {
      if (momentum === 0) return { p: sub(decayed(p, rate, decay), mul(g, rate)), slots: {} }
      const velocity = add(mul(slots.velocity, momentum), g)
      const direction = nesterov ? add(g, mul(velocity, momentum)) : velocity
      return { p: sub(decayed(p, rate, decay), mul(direction, rate)), slots: { velocity } }
    },
  })
}

export interface LionOptions extends DecayOptions {
  beta1?: number
  beta2?: number
}

/** Lion (Chen et al. 2023, algorithm 2). */
export function lion(options: LionOptions): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99 } = options
  return optimizer(options, {
    elementwise: true,
    slots: ({ shape }) => ({ mean: zeros(shape) }),
    update({ g, p, slots, rate, decay }) {
      const direction = sign(mix(slots.mean, g, beta1))
      return {
        p: sub(decayed(p, rate, decay), mul(direction, rate)),
        slots: { mean: mix(slots.mean, g, beta2) },
      }
    },
  })
}

/** LAMB (You et al. 2020, algorithm 2): AdamW whose step per parameter has the length of the parameter. */
export function lamb(options: AdamWOptions): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6 } = options
  return optimizer(options, {
    slots: ({ shape }) => ({ mean: zeros(shape), square: zeros(shape) }),
    update({ g, p, slots, t, rate, decay }) {
      const mean = mix(slots.mean, g, beta1)
      const square = mix(slots.square, mul(g, g), beta2)
      const adam = div(div(mean, correction(beta1, t)), add(sqrt(div(square, correction(beta2, t))), epsilon))
      const direction = decay === 0 ? adam : add(adam, mul(p, decay))
      const [size, step] = [sqrt(reduceSum(mul(p, p))), sqrt(reduceSum(mul(direction, direction)))]
      // A parameter or step of length zero is not rescaled.
      const ratio = where(greater(mul(size, step), 0), div(size, maximum(step, 1e-30)), 1)
      return { p: sub(p, mul(direction, mul(ratio, rate))), slots: { mean, square } }
    },
  })
}

export interface AdafactorOptions extends DecayOptions {
  /** Exponent of the decay of the second moment, `1 - t ^ beta2Decay`. Default -0.8. */
  beta2Decay?: number
  /** Smallest squared gradient, and smallest size that a parameter is taken to have. Default [2^-23, 1e-3]. */
  epsilon?: readonly [number, number]
  /** Largest root mean square of an update. Default 1. */
  clipThreshold?: number
}

/**
 * Adafactor (Shazeer & Stern 2018) with the arithmetic of torch.optim.Adafactor: the second moment of a matrix is kept
 * as one row and one column, and steps are relative to the parameter's size.
 */
export function adafactor(options: AdafactorOptions): Optimizer {
  const { beta2Decay = -0.8, epsilon: [tiny, smallest] = [2 ** -23, 1e-3], clipThreshold = 1 } = options
  return optimizer(options, {
    slots: ({ shape }): Slots<Tensor> =>
      shape.length > 1
        ? {
            row: zeros([...shape.slice(0, -1), 1]),
            column: zeros([...shape.slice(0, -2), 1, shape[shape.length - 1]]),
          }
        : { square: zeros(shape) },
    update({ g, p, slots, t, rate, decay }) {
      // 1 - beta2(t) = t ^ beta2Decay, so the first step takes the gradient as it is.
      const fresh = pow(t, beta2Decay)
      const lerp = (old: Value, x: Value) => add(old, mul(sub(x, old), fresh))
      const relative = minimum(rate, div(1, sqrt(t)))
      const alpha = mul(maximum(sqrt(reduceMean(mul(p, p))), smallest), relative)
      const squared = mul(g, g)
      let inverse: Value
      let next: Slots<Value>
      if (slots.row) {
        const row = lerp(slots.row, reduceMean(squared, -1, true))
        const column = lerp(slots.column, reduceMean(squared, -2, true))
        const estimate = div(mul(row, column), maximum(reduceMean(row, -2, true), tiny))
        inverse = rsqrt(maximum(estimate, tiny * tiny))
        next = { row, column }
      } else {
        const square = lerp(slots.square, squared)
        inverse = rsqrt(maximum(square, tiny * tiny))
        next = { square }
      }
      const update = mul(g, inverse)
      const limited = div(update, maximum(div(sqrt(reduceMean(mul(update, update))), clipThreshold), 1))
      return { p: sub(decayed(p, rate, decay), mul(limited, alpha)), slots: next }
    },
  })
}

/** Exponential moving average of parameters: `decay * average + (1 - decay) * params`. */
export function exponentialMovingAverage(average: Values, params: Values, decay: number): Values {
  return Object.fromEntries(
    Object.entries(average).map(([name, value]) => [name, mix(value, params[name], decay)]),
  )
}
