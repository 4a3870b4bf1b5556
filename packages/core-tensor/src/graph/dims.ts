import { FlagError } from '../errors.ts'

/**
 * The size of one axis in a traced graph: a number, or a symbol such as `batch` or `length + 1` whose value is
 * known only when the graph runs. Two axes with the same symbol have the same size.
 */
export type Dim = number | string
export type Dims = readonly Dim[]

export const formatDims = (dims: Dims): string => `[${dims.join(', ')}]`

const isSimple = (dim: Dim) => typeof dim === 'number' || /^[A-Za-z_][A-Za-z0-9_]*$/.test(dim)
const group = (dim: Dim) => (isSimple(dim) ? `${dim}` : `(${dim})`)

/** `a + b`, folded where numbers allow: `addDims('length', 1)` is `length + 1`. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (b === 0) return a
  if (a === 0) return b
  if (typeof b === 'number') {
    const [, base, sign, offset] = /^(.*) ([+-]) (\d+)$/.exec(a as string) ?? []
    if (base !== undefined && balanced(base))
      return addDims(base, b + (sign === '-' ? -1 : 1) * Number(offset))
    return b < 0 ? `${a} - ${-b}` : `${a} + ${b}`
  }
  return typeof a === 'number' ? addDims(b, a) : `${a} + ${group(b)}`
}

const balanced = (text: string) => {
  let depth = 0
  for (const char of text) depth += char === '(' ? 1 : char === ')' ? -1 : 0
  return depth === 0
}

export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  if (a === 0 || b === 0) return 0
  if (a === 1) return b
  if (b === 1) return a
  if (typeof a === 'number') return mulDims(b, a)
  return `${group(a)} * ${group(b)}`
}

/** `floor(a / b)`. */
export function floorDivDims(a: Dim, b: number): Dim {
  if (typeof a === 'number') return Math.floor(a / b)
  if (b === 1) return a
  const [, base, factor] = /^(.*) \* (\d+)$/.exec(a) ?? []
  if (factor !== undefined && Number(factor) % b === 0 && balanced(base)) {
    return mulDims(base.replace(/^\((.*)\)$/, '$1'), Number(factor) / b)
  }
  return `floor(${group(a)} / ${b})`
}

export const productDims = (dims: Dims): Dim => dims.reduce<Dim>((product, dim) => mulDims(product, dim), 1)

/** NumPy broadcasting. A symbol meets 1 or itself; against another size it is taken to be equal to it. */
export function broadcastDims(a: Dims, b: Dims): Dim[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x === y || y === 1) return x
    if (x === 1) return y
    if (typeof x === 'string') return y
    if (typeof y === 'string') return x
    throw new FlagError('shape-mismatch', `shapes ${formatDims(a)} and ${formatDims(b)} do not broadcast`)
  })
}

/** `axis` counted from the front, for a value of this rank. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= Math.max(rank, 1)) {
    throw new FlagError('invalid-argument', `axis ${axis} is out of range for rank ${rank}`)
  }
  return normalized
}

/** Axes counted from the front, sorted; all of them when `axes` is undefined. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i)
  const list = typeof axes === 'number' ? [axes] : axes
  return [...new Set(list.map((axis) => normalizeAxis(axis, rank)))].sort((a, b) => a - b)
}
