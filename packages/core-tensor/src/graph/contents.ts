import { addDims, type Dim, floorDivDims, mulDims, normalizeAxis, productDims } from './dims.ts'
import type { Node, Value } from './graph.ts'
import { intOf, intsOf } from './operator.ts'

/** Elements of a value in row-major order as far as they follow from shapes and constants; undefined where not. */
export type Contents = readonly (Dim | undefined)[]

/** Shapes and indices are short; longer values are data. */
const LONGEST = 1024

const cache = new WeakMap<Value, Contents | undefined>()

/**
 * What a small value holds, as far as it is known before the graph runs: constants, and what is computed from
 * shapes, as exporters write it for `x.view(x.size(0), -1)`. Undefined for values of unknown or large size.
 */
export function contentsOf(value: Value): Contents | undefined {
  if (cache.has(value)) return cache.get(value)
  const size = productDims(value.shape)
  const small = typeof size === 'number' && size <= LONGEST && value.dtype !== 'string'
  const contents = small ? (compute(value) ?? new Array<undefined>(size).fill(undefined)) : undefined
  cache.set(value, contents)
  return contents
}

function compute(value: Value): Contents | undefined {
  if (value.constant) return value.constant.toNumbers()
  if (value.origin.kind !== 'node') return undefined
  const { node, index } = value.origin
  const rule = node.domain === '' ? rules[node.operator] : undefined
  const contents = rule?.(node, index)
  return contents?.length === productDims(value.shape) ? contents : undefined
}

type Rule = (node: Node, index: number) => Contents | undefined

const inputContents = (node: Node, index: number): Contents | undefined => {
  const value = node.inputs[index]
  return value && contentsOf(value)
}

const sizeOfOutput = (node: Node): number | undefined => {
  const size = productDims(node.outputs[0].shape)
  return typeof size === 'number' ? size : undefined
}

/** Elements of a vector that are all known numbers. */
function numbersIn(node: Node, index: number): number[] | undefined {
  const contents = inputContents(node, index)
  return contents?.every((item) => typeof item === 'number') ? (contents as number[]) : undefined
}

const sameElements: Rule = (node) => inputContents(node, 0)

const elementwise =
  (combine: (a: Dim, b: Dim, node: Node) => Dim | undefined): Rule =>
  (node) => {
    const [a, b] = [inputContents(node, 0), inputContents(node, 1)]
    const size = sizeOfOutput(node)
    if (!a || !b || size === undefined) return undefined
    if (![1, size].includes(a.length) || ![1, size].includes(b.length)) return undefined
    return Array.from({ length: size }, (_, i) => {
      const [x, y] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]]
      return x === undefined || y === undefined ? undefined : combine(x, y, node)
    })
  }

const numeric = (combine: (a: number, b: number, node: Node) => number) =>
  elementwise((a, b, node) =>
    typeof a === 'number' && typeof b === 'number' ? combine(a, b, node) : undefined,
  )

const mapped =
  (map: (x: number) => number): Rule =>
  (node) =>
    inputContents(node, 0)?.map((item) => (typeof item === 'number' ? map(item) : undefined))

function divide(a: Dim, b: Dim, node: Node): Dim | undefined {
  if (a === b) return 1
  if (typeof b !== 'number' || b === 0) return undefined
  const whole = node.outputs[0].dtype.includes('int')
  if (typeof a === 'number') return whole ? Math.trunc(a / b) : a / b
  return whole && b > 0 ? floorDivDims(a, b) : undefined
}

function equal(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1
  if (typeof a === 'number' && typeof b === 'number') return 0
  // A size is never negative.
  return (typeof a === 'number' && a < 0) || (typeof b === 'number' && b < 0) ? 0 : undefined
}

const rules: Record<string, Rule> = {
  Shape: (node) => {
    const shape = node.inputs[0]?.shape ?? []
    const limit = (i: number) => Math.min(Math.max(i < 0 ? i + shape.length : i, 0), shape.length)
    const start = limit(intOf(node.attributes, 'start', 0))
    return shape.slice(start, Math.max(start, limit(intOf(node.attributes, 'end', shape.length))))
  },
  Size: (node) => [productDims(node.inputs[0]?.shape ?? [])],
  Identity: sameElements,
  Squeeze: sameElements,
  Unsqueeze: sameElements,
  Reshape: sameElements,
  Flatten: sameElements,
  Cast: (node) => {
    const { dtype } = node.outputs[0]
    const whole = dtype.includes('int')
    return inputContents(node, 0)?.map((item) =>
      typeof item !== 'number'
        ? item
        : dtype === 'bool'
          ? Number(item !== 0)
          : whole
            ? Math.trunc(item)
            : item,
    )
  },
  Concat: (node) => {
    const { rank } = node.outputs[0]
    if (rank === 0 || normalizeAxis(intOf(node.attributes, 'axis', 0), rank) !== 0) return undefined
    const parts = node.inputs.map((_, i) => inputContents(node, i))
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined
  },
  Gather: (node) => {
    const [x, indices] = node.inputs as Value[]
    const places = numbersIn(node, 1)
    if (!places) return undefined
    const axis = normalizeAxis(intOf(node.attributes, 'axis', 0), x.rank)
    return picked(node, (place) => {
      const chosen = place.slice(axis, axis + indices.rank)
      const at = places[flatPlace(chosen, indices.shape as number[])]
      const size = x.shape[axis] as number
      return [...place.slice(0, axis), at < 0 ? at + size : at, ...place.slice(axis + indices.rank)]
    })
  },
  Transpose: (node) => {
    const order =
      intsOf(node.attributes, 'perm') ?? node.outputs[0].shape.map((_, i, { length }) => length - 1 - i)
    return picked(node, (place) => place.map((_, axis) => place[order.indexOf(axis)]))
  },
  Slice: (node) => {
    const [x] = node.inputs as Value[]
    const given = (name: string, index: number) => intsOf(node.attributes, name) ?? numbersIn(node, index)
    const starts = given('starts', 1)
    const steps = node.inputs[4] ? numbersIn(node, 4) : starts?.map(() => 1)
    const along = node.inputs[3]
      ? numbersIn(node, 3)
      : (intsOf(node.attributes, 'axes') ?? starts?.map((_, i) => i))
    if (!starts || !steps || !along) return undefined
    const axes = along.map((axis) => normalizeAxis(axis, x.rank))
    return picked(node, (place) =>
      place.map((i, axis) => {
        const k = axes.indexOf(axis)
        return k < 0 ? i : firstPlace(x.shape[axis] as number, starts[k], steps[k]) + i * steps[k]
      }),
    )
  },
  Split: (node, index) => {
    const data = inputContents(node, 0)
    const sizes = node.outputs.map(({ shape }) => shape[0])
    if (!data || node.outputs[0].rank !== 1 || !sizes.every((size) => typeof size === 'number'))
      return undefined
    const start = (sizes as number[]).slice(0, index).reduce((sum, size) => sum + size, 0)
    return data.slice(start, start + (sizes[index] as number))
  },
  Add: elementwise(addDims),
  Sub: elementwise((a, b) => (a === b ? 0 : typeof b === 'number' ? addDims(a, -b) : `${a} - (${b})`)),
  Mul: elementwise(mulDims),
  Div: elementwise(divide),
  Mod: numeric((a, b, node) => (intOf(node.attributes, 'fmod', 0) ? a % b : a - b * Math.floor(a / b))),
  Max: numeric((a, b) => Math.max(a, b)),
  Min: numeric((a, b) => Math.min(a, b)),
  Neg: mapped((x) => -x),
  Abs: mapped(Math.abs),
  Floor: mapped(Math.floor),
  Ceil: mapped(Math.ceil),
  Equal: elementwise(equal),
  Less: numeric((a, b) => Number(a < b)),
  Greater: numeric((a, b) => Number(a > b)),
  And: numeric((a, b) => a && b),
  Or: numeric((a, b) => a || b),
  Not: mapped((x) => 1 - x),
  Where: (node) => {
    const size = sizeOfOutput(node)
    const parts = [0, 1, 2].map((i) => inputContents(node, i))
    if (size === undefined || parts.some((part) => !part || ![1, size].includes(part.length)))
      return undefined
    const [condition, yes, no] = parts as Contents[]
    const at = (part: Contents, i: number) => part[part.length === 1 ? 0 : i]
    return Array.from({ length: size }, (_, i) => {
      const chosen = at(condition, i)
      return chosen === undefined ? undefined : at(chosen ? yes : no, i)
    })
  },
  Expand: (node) => {
    const data = inputContents(node, 0)
    const size = sizeOfOutput(node)
    if (data?.length === size) return data
    return data?.length === 1 && size !== undefined
      ? new Array<Dim | undefined>(size).fill(data[0])
      : undefined
  },
  ConstantOfShape: (node) => {
    const value = node.attributes.value as { toNumbers(): number[] } | undefined
    const size = sizeOfOutput(node)
    return size === undefined ? undefined : new Array<number>(size).fill(value?.toNumbers()[0] ?? 0)
  },
  Range: (node) => {
    const bounds = [0, 1, 2].map((i) => numbersIn(node, i)?.[0])
    if (bounds.some((bound) => bound === undefined)) return undefined
    const [start, end, step] = bounds as number[]
    return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step)
  },
  ReduceProd: (node) => {
    const data = inputContents(node, 0)
    if (sizeOfOutput(node) !== 1 || data?.some((item) => item === undefined)) return undefined
    return data && [productDims(data as Dim[])]
  },
}

/** Where `x[start::step]` begins, as Python counts. */
function firstPlace(size: number, start: number, step: number): number {
  const from = start < 0 ? start + size : start
  return Math.min(Math.max(from, step < 0 ? -1 : 0), step < 0 ? size - 1 : size)
}

const flatPlace = (place: readonly number[], shape: readonly number[]) =>
  place.reduce((flat, i, axis) => flat * shape[axis] + i, 0)

/** For each element of the output the element of the first input at the place that `source` says. */
function picked(node: Node, source: (place: number[]) => number[]): Contents | undefined {
  const data = inputContents(node, 0)
  const [from, to] = [node.inputs[0]?.shape, node.outputs[0].shape]
  const size = sizeOfOutput(node)
  if (!data || size === undefined || size > LONGEST) return undefined
  return Array.from({ length: size }, (_, flat) => {
    const place: number[] = []
    let rest = flat
    for (const dim of [...to].reverse() as number[]) {
      place.unshift(rest % dim)
      rest = Math.floor(rest / dim)
    }
    return data[flatPlace(source(place), from as number[])]
  })
}
