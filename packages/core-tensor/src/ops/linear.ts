import { FlagError } from '../errors.ts'
import { broadcastDims, type Dim, formatDims, productDims } from '../graph/dims.ts'
import { constant, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  floatOf,
  inputOf,
  intOf,
  stringOf,
} from '../graph/operator.ts'
import type { LinearOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { mul } from './elementwise.ts'
import { expand, flatten, reshape, swapAxes, transpose, unbroadcast, unsqueeze } from './shape.ts'

const differ = (a: Dim, b: Dim) => typeof a === 'number' && typeof b === 'number' && a !== b

function inferMatMul(application: Application): ValueType[] {
  const [a, b] = [inputOf(application, 0), inputOf(application, 1)]
  if (a.dtype !== b.dtype) throw new FlagError('dtype-mismatch', `MatMul: ${a} and ${b} have different types`)
  return [{ dtype: a.dtype, shape: matmulDims(a, b) }]
}

/** Shape of the product of matrices, the batch axes broadcast. */
export function matmulDims(a: Value, b: Value): Dim[] {
  const [left, right] = [a.rank === 1 ? [1, ...a.shape] : a.shape, b.rank === 1 ? [...b.shape, 1] : b.shape]
  if (a.rank === 0 || b.rank === 0 || differ(left[left.length - 1], right[right.length - 2])) {
    throw new FlagError('shape-mismatch', `MatMul: inner sizes of ${a} and ${b} differ`)
  }
  const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2))
  const rows = a.rank === 1 ? [] : [left[left.length - 2]]
  const columns = b.rank === 1 ? [] : [right[right.length - 1]]
  return [...batch, ...rows, ...columns]
}

function inferGemm(application: Application): ValueType[] {
  const [a, b] = [inputOf(application, 0), inputOf(application, 1)]
  const [ta, tb] = [intOf(application.attributes, 'transA', 0), intOf(application.attributes, 'transB', 0)]
  if (a.rank !== 2 || b.rank !== 2 || differ(a.shape[1 - ta], b.shape[tb])) {
    throw new FlagError('shape-mismatch', `Gemm: ${a} (transA ${ta}) and ${b} (transB ${tb}) do not fit`)
  }
  return [{ dtype: a.dtype, shape: [a.shape[ta], b.shape[1 - tb]] }]
}

/** Operand letters of an einsum equation, and its result's. The result is derived when it is left out. */
function parseEinsum(equation: string): { terms: string[]; result: string } {
  const [left, right] = equation.replaceAll(' ', '').split('->')
  const terms = left.split(',')
  const letters = [...left.replaceAll(',', '')].filter((letter) => letter !== '.')
  const once = [...new Set(letters)]
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
  return { terms, result: right ?? (left.includes('...') ? '...' : '') + once.join('') }
}

function inferEinsum(application: Application): ValueType[] {
  const { terms, result } = parseEinsum(stringOf(application.attributes, 'equation', ''))
  const inputs = application.inputs.map((_, i) => inputOf(application, i))
  const sizes = new Map<string, Dim>()
  let ellipsis: readonly Dim[] = []
  inputs.forEach((x, i) => {
    const [head, tail] = terms[i].includes('...') ? terms[i].split('...') : [terms[i], '']
    const middle = x.rank - head.length - tail.length
    if (middle < 0 || (!terms[i].includes('...') && middle !== 0)) {
      throw new FlagError('shape-mismatch', `Einsum: "${terms[i]}" does not fit ${x}`)
    }
    ellipsis = broadcastDims(ellipsis, x.shape.slice(head.length, head.length + middle))
    ;[...head].forEach((letter, k) => void note(letter, x.shape[k]))
    ;[...tail].forEach((letter, k) => void note(letter, x.shape[head.length + middle + k]))
  })
  function note(letter: string, dim: Dim): void {
    const known = sizes.get(letter)
    if (known !== undefined && known !== 1 && dim !== 1 && differ(known, dim)) {
      throw new FlagError('shape-mismatch', `Einsum: "${letter}" is both ${known} and ${dim}`)
    }
    if (known === undefined || known === 1) sizes.set(letter, dim)
  }
  const shape = result
    .split('...')
    .flatMap((part, i) => [
      ...(i > 0 ? ellipsis : []),
      ...[...part].map((letter) => sizes.get(letter) as Dim),
    ])
  return [{ dtype: inputs[0].dtype, shape }]
}

export const linearOperators = defineOperators<LinearOperator>({
  MatMul: {
    infer: inferMatMul,
    gradient: ({ inputs: [a, b] }, [g]) => {
      if (!g || !a || !b) return []
      if (a.rank === 1 || b.rank === 1) {
        const left = a.rank === 1 ? unsqueeze(a, 0) : a
        const right = b.rank === 1 ? unsqueeze(b, 1) : b
        let full = g
        if (b.rank === 1) full = unsqueeze(full, -1)
        if (a.rank === 1) full = unsqueeze(full, full.rank - 1)
        const [da, db] = matmulGradients(left, right, full)
        return [reshape(da, a.shape), reshape(db, b.shape)]
      }
      return matmulGradients(a, b, g)
    },
  },
  Gemm: {
    infer: inferGemm,
    gradient: ({ inputs: [a, b, c], attributes }, [g]) => {
      if (!g || !a || !b) return []
      const [ta, tb] = [intOf(attributes, 'transA', 0), intOf(attributes, 'transB', 0)]
      const [alpha, beta] = [floatOf(attributes, 'alpha', 1), floatOf(attributes, 'beta', 1)]
      const product = (x: Value, y: Value, transA: number, transB: number) =>
        gemm(x, y, undefined, { transA, transB, alpha })
      const da = ta ? product(b, g, tb, 1) : product(g, b, 0, 1 - tb)
      const db = tb ? product(g, a, 1, ta) : product(a, g, 1 - ta, 0)
      const dc = c && unbroadcast(beta === 1 ? g : mul(g, beta), c)
      return [da, db, dc]
    },
  },
  Einsum: {
    infer: inferEinsum,
    gradient: ({ inputs, attributes }, [g]) => {
      if (!g) return []
      const { terms, result } = withoutEllipsis(stringOf(attributes, 'equation', ''), inputs as Value[])
      if ([...terms, result].some((term) => new Set(term).size !== term.length)) {
        throw new FlagError(
          'not-differentiable',
          `Einsum "${terms}->${result}": a letter repeated in one term has no gradient rule`,
          { hint: 'take the diagonal first' },
        )
      }
      return terms.map((term, i) => {
        const x = inputs[i] as Value
        const others = terms.filter((_, k) => k !== i)
        const sources = [result, ...others]
        const values = [g, ...(inputs.filter((_, k) => k !== i) as Value[])]
        const dimsOf = (letter: string) =>
          sources.flatMap((s, k) => (s.includes(letter) ? [values[k].shape[s.indexOf(letter)]] : []))
        // Letters that only this operand has were summed over: their gradient is the same everywhere. A letter of
        // size 1 here that is larger elsewhere was broadcast: its gradient is summed.
        const kept = [...term].filter((letter, k) => {
          const dims = dimsOf(letter)
          return dims.length > 0 && (x.shape[k] !== 1 || dims.every((dim) => dim === 1))
        })
        const part = einsum(`${sources.join(',')}->${kept.join('')}`, ...values)
        const shape = [...term].map((letter, k) => (kept.includes(letter) ? x.shape[k] : 1))
        return expand(reshape(part, shape), x.shape)
      })
    },
  },
})

/** The equation with the ellipsis written as letters, those of each operand counted from the right. */
function withoutEllipsis(equation: string, inputs: readonly Value[]): { terms: string[]; result: string } {
  const { terms, result } = parseEinsum(equation)
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !equation.includes(letter))
  const counts = terms.map((term, i) => (term.includes('...') ? inputs[i].rank - (term.length - 3) : 0))
  const letters = (count: number) => free.slice(free.length - count).join('')
  return {
    terms: terms.map((term, i) => term.replace('...', letters(counts[i]))),
    result: result.replace('...', letters(Math.max(...counts))),
  }
}

/** Gradients of `a @ b`, both of rank 2 or more. */
function matmulGradients(a: Value, b: Value, g: Value): [Value, Value] {
  if (b.rank === 2) {
    // One large product instead of a batch of small ones that would be summed.
    const rows = flatten(g, 0, -2)
    const da = reshape(gemm(rows, b, undefined, { transB: 1 }), a.shape)
    return [da, gemm(flatten(a, 0, -2), rows, undefined, { transA: 1 })]
  }
  return [unbroadcast(matmul(g, swapAxes(b, -1, -2)), a), unbroadcast(matmul(swapAxes(a, -1, -2), g), b)]
}

/** Matrix product over the last two axes, batch axes broadcast, as `numpy.matmul`. */
export function matmul(a: Value, b: Value): Value {
  return apply1('MatMul', [a, b])
}

export interface GemmOptions {
  transA?: number
  transB?: number
  alpha?: number
  beta?: number
}

/** `alpha * A' B' + beta * C` on matrices. */
export function gemm(a: Value, b: Value, c?: Value, options: GemmOptions = {}): Value {
  const { transA = 0, transB = 0, alpha = 1, beta = 1 } = options
  return apply1('Gemm', c ? [a, b, c] : [a, b], {
    transA: transA || undefined,
    transB: transB || undefined,
    alpha: alpha === 1 ? undefined : { float: alpha },
    beta: beta === 1 ? undefined : { float: beta },
  })
}

/**
 * `x @ weightᵀ + bias` with the weight stored `[out, in]`, as torch.nn.Linear stores it. `x` is `[..., in]`.
 * The weight is used as it lies, so it can stay in its checkpoint file.
 */
export function linear(x: Value, weight: Value, bias?: Value): Value {
  const [out, width] = weight.shape
  if (weight.rank !== 2 || x.shape[x.rank - 1] !== width) {
    throw new FlagError(
      'shape-mismatch',
      `linear: x ${formatDims(x.shape)} needs a weight [out, ${x.shape[x.rank - 1]}], got ${formatDims(weight.shape)}`,
    )
  }
  const rows = x.rank === 2 ? x : reshape(x, [productDims(x.shape.slice(0, -1)), width])
  return reshape(gemm(rows, weight, bias, { transB: 1 }), [...x.shape.slice(0, -1), out])
}

/**
 * Sum of products by index letters, `einsum('bij,bjk->bik', a, b)`. Axes under an ellipsis are broadcast, counted
 * from the right, as in NumPy.
 */
export function einsum(equation: string, ...operands: Value[]): Value {
  // ONNX Runtime takes only ellipses that stand for the same axes in every operand.
  const { terms, result } = withoutEllipsis(equation, operands)
  return apply1('Einsum', operands, { equation: `${terms.join(',')}->${result}` })
}

/** A matrix, given row by row, applied along one axis of x: the axis gets as many elements as there are rows. */
export function alongAxis(x: Value, rows: readonly (readonly number[])[], axis: number): Value {
  const dtype = x.dtype as NumericDType
  const matrix = constant(rows.flat(), dtype, [rows.length, rows[0].length])
  if (axis === x.rank - 2) return matmul(matrix, x)
  if (axis === x.rank - 1) return matmul(x, swapAxes(matrix, 0, 1))
  const last = swapAxes(x, axis, -1)
  return swapAxes(matmul(last, transpose(matrix)), axis, -1)
}
