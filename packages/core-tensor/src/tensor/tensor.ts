import { FlagError } from '../errors.ts'
import {
  allocate,
  byteSize,
  type DataOf,
  type DType,
  dtypes,
  fromBFloat16Bits,
  fromFloat16Bits,
  isBigInt,
  type NumericDType,
  toBFloat16Bits,
  toFloat16Bits,
} from './dtype.ts'

export type Shape = readonly number[]
/** Numbers nested to any depth, as `[[1, 2], [3, 4]]`. */
export type Nested<T> = T | readonly Nested<T>[]

/**
 * An immutable n-dimensional array: element type, shape, and elements in row-major order.
 *
 * `data` is shared, never copied, by `reshape` and `row`; treat it as read-only.
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: Shape
  readonly data: DataOf<D>

  /** Throws `shape-mismatch` when `data` does not hold exactly `product(shape)` elements. */
  constructor(dtype: D, shape: Shape, data: DataOf<D>) {
    if (!dtypes.includes(dtype)) {
      throw new FlagError(
        'dtype-mismatch',
        `unknown dtype ${JSON.stringify(dtype)}; known: ${dtypes.join(', ')}`,
      )
    }
    const size = sizeOf(shape)
    if (data.length !== size) {
      throw new FlagError(
        'shape-mismatch',
        `a ${dtype} tensor of shape [${shape.join(', ')}] needs ${size} elements, got ${data.length}`,
      )
    }
    this.dtype = dtype
    this.shape = shape
    this.data = data
  }

  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length
  }

  /** The elements' little-endian bytes, without a copy. Throws `dtype-mismatch` for strings. */
  get bytes(): Uint8Array {
    const { data } = this
    if (Array.isArray(data))
      throw new FlagError('dtype-mismatch', 'a string tensor has no byte representation')
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  }

  /** The same elements under another shape; one dimension may be -1. No copy. */
  reshape(shape: Shape): Tensor<D> {
    const known = shape.reduce((product, dim) => (dim === -1 ? product : product * dim), 1)
    const resolved = shape.map((dim) => (dim === -1 ? this.size / known : dim))
    return new Tensor(this.dtype, resolved, this.data)
  }

  /** Rows `start` to `end` (exclusive) of the first axis. No copy for numeric types. */
  rows(start: number, end: number = start + 1): Tensor<D> {
    const [count = 0, ...rest] = this.shape
    if (this.rank === 0 || start < 0 || end > count || start > end) {
      throw new FlagError(
        'invalid-argument',
        `rows ${start} to ${end} of a tensor of shape [${this.shape.join(', ')}]`,
      )
    }
    const stride = sizeOf(rest)
    const data = Array.isArray(this.data)
      ? this.data.slice(start * stride, end * stride)
      : this.data.subarray(start * stride, end * stride)
    return new Tensor(this.dtype, [end - start, ...rest], data as DataOf<D>)
  }

  /** Row `index` of the first axis, with that axis removed. No copy for numeric types. */
  row(index: number): Tensor<D> {
    return this.rows(index).reshape(this.shape.slice(1))
  }

  /** Elements as numbers (float16 and bfloat16 decoded, 64-bit integers converted). Copies. */
  toNumbers(): number[] {
    const { dtype, data } = this
    if (dtype === 'string') throw new FlagError('dtype-mismatch', 'a string tensor has no numbers')
    if (dtype === 'float16') return Array.from(data as Uint16Array, fromFloat16Bits)
    if (dtype === 'bfloat16') return Array.from(data as Uint16Array, fromBFloat16Bits)
    return Array.from(data as ArrayLike<number | bigint>, Number)
  }

  /** The single element of a tensor of size 1, as a number. */
  item(): number {
    if (this.size !== 1) {
      throw new FlagError('shape-mismatch', `item() needs one element, shape is [${this.shape.join(', ')}]`)
    }
    return this.toNumbers()[0]
  }

  /** Nested arrays of numbers, or of strings. */
  toArray(): Nested<number | string> {
    const flat: (number | string)[] = this.dtype === 'string' ? (this.data as string[]) : this.toNumbers()
    const build = (axis: number, offset: number, span: number): Nested<number | string> => {
      if (axis === this.rank) return flat[offset]
      const stride = span / this.shape[axis] || 0
      return Array.from({ length: this.shape[axis] }, (_, i) => build(axis + 1, offset + i * stride, stride))
    }
    return build(0, 0, this.size)
  }

  /**
   * Elements converted to another type: floats round to nearest even, floats to integers truncate towards
   * zero, anything non-zero is true. Returns this tensor when the type is already right.
   */
  cast<E extends NumericDType>(dtype: E): Tensor<E> {
    if ((this.dtype as DType) === dtype) return this as unknown as Tensor<E>
    if (isBigInt(this.dtype) && isBigInt(dtype)) {
      const data = allocate(dtype, this.size) as BigInt64Array
      data.set(this.data as BigInt64Array)
      return new Tensor(dtype, this.shape, data as DataOf<E>)
    }
    return fromNumbers(this.toNumbers(), this.shape, dtype)
  }
}

/** Number of elements of a shape; 1 for a scalar. Throws `shape-mismatch` on negative or unsafe sizes. */
export function sizeOf(shape: Shape): number {
  let size = 1
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new FlagError('shape-mismatch', `invalid dimension ${dim} in shape [${shape.join(', ')}]`)
    }
    size *= dim
  }
  if (!Number.isSafeInteger(size)) {
    throw new FlagError('shape-mismatch', `shape [${shape.join(', ')}] has more than 2^53 elements`)
  }
  return size
}

/** Bytes that a tensor of this type and shape occupies. */
export function byteLengthOf(dtype: NumericDType, shape: Shape): number {
  return sizeOf(shape) * byteSize(dtype)
}

function encoderOf(dtype: DType): (value: number) => number | bigint {
  switch (dtype) {
    case 'float16':
      return toFloat16Bits
    case 'bfloat16':
      return toBFloat16Bits
    case 'int64':
    case 'uint64':
      return (value) => BigInt(Math.trunc(value))
    case 'bool':
      return (value) => (value === 0 ? 0 : 1)
    default:
      return (value) => value
  }
}

/** A tensor from a flat list of numbers. */
export function fromNumbers<D extends NumericDType>(
  values: ArrayLike<number>,
  shape: Shape,
  dtype: D,
): Tensor<D> {
  const data = allocate(dtype, values.length) as unknown as (number | bigint)[]
  const encode = encoderOf(dtype)
  for (let i = 0; i < values.length; i++) data[i] = encode(values[i])
  return new Tensor(dtype, shape, data as unknown as DataOf<D>)
}

/**
 * A tensor from nested lists, `tensor([[1, 2], [3, 4]])`: float32 unless `dtype` says otherwise; strings give
 * a string tensor. Throws `shape-mismatch` when rows have different lengths.
 */
export function tensor(values: Nested<string>): Tensor<'string'>
export function tensor(values: Nested<number | boolean>): Tensor<'float32'>
export function tensor<D extends NumericDType>(values: Nested<number | bigint | boolean>, dtype: D): Tensor<D>
export function tensor(values: Nested<unknown>, dtype?: NumericDType): Tensor {
  const shape: number[] = []
  for (let level: unknown = values; Array.isArray(level); level = level[0]) shape.push(level.length)
  const flat = (Array.isArray(values) ? values.flat(Number.POSITIVE_INFINITY) : [values]) as unknown[]
  const check = (level: unknown, axis: number): void => {
    const length = Array.isArray(level) ? level.length : undefined
    if (length !== shape[axis]) {
      throw new FlagError(
        'shape-mismatch',
        `ragged nested list: expected length ${shape[axis]} at depth ${axis}`,
      )
    }
    if (Array.isArray(level)) for (const inner of level) check(inner, axis + 1)
  }
  check(values, 0)
  if (typeof flat[0] === 'string') return new Tensor('string', shape, flat as string[])
  const type = dtype ?? 'float32'
  if (isBigInt(type)) {
    const data = allocate(type, flat.length)
    for (let i = 0; i < flat.length; i++) data[i] = BigInt(flat[i] as number | bigint | boolean)
    return new Tensor(type, shape, data)
  }
  return fromNumbers(flat.map(Number), shape, type)
}

/** A scalar (rank 0). */
export function scalar<D extends NumericDType = 'float32'>(value: number, dtype?: D): Tensor<D> {
  return fromNumbers([value], [], (dtype ?? 'float32') as D)
}

/** All elements equal to `value`. */
export function full<D extends NumericDType = 'float32'>(shape: Shape, value: number, dtype?: D): Tensor<D> {
  const type = (dtype ?? 'float32') as D
  const data = allocate(type, sizeOf(shape))
  if (value !== 0) (data as unknown as { fill(value: number | bigint): void }).fill(encoderOf(type)(value))
  return new Tensor(type, shape, data)
}

export function zeros<D extends NumericDType = 'float32'>(shape: Shape, dtype?: D): Tensor<D> {
  return full(shape, 0, dtype)
}

export function ones<D extends NumericDType = 'float32'>(shape: Shape, dtype?: D): Tensor<D> {
  return full(shape, 1, dtype)
}

/** `start, start + step, …` up to but excluding `end`. */
export function arange<D extends NumericDType = 'float32'>(
  start: number,
  end: number,
  step = 1,
  dtype?: D,
): Tensor<D> {
  const length = Math.max(0, Math.ceil((end - start) / step))
  return fromNumbers(
    Array.from({ length }, (_, i) => start + i * step),
    [length],
    (dtype ?? 'float32') as D,
  )
}

/** Tensors of equal type and trailing shape joined along the first axis. Copies. */
export function concatRows<D extends NumericDType>(tensors: readonly Tensor<D>[]): Tensor<D> {
  const [first] = tensors
  if (!first) throw new FlagError('invalid-argument', 'concatRows needs at least one tensor')
  const data = allocate(
    first.dtype,
    tensors.reduce((size, t) => size + t.size, 0),
  ) as Float32Array
  let offset = 0
  for (const part of tensors) {
    if (part.dtype !== first.dtype || part.shape.slice(1).join() !== first.shape.slice(1).join()) {
      throw new FlagError(
        'shape-mismatch',
        `cannot join ${part.dtype}[${part.shape.join(', ')}] to ${first.dtype}[${first.shape.join(', ')}]`,
      )
    }
    data.set(part.data as unknown as Float32Array, offset)
    offset += part.size
  }
  const count = tensors.reduce((rows, t) => rows + t.shape[0], 0)
  return new Tensor(first.dtype, [count, ...first.shape.slice(1)], data as unknown as DataOf<D>)
}
