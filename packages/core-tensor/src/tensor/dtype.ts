/**
 * Element types, named as in NumPy and PyTorch. Storage is a typed array per type; float16 and bfloat16 are
 * kept as their bit patterns in a Uint16Array, bool as 0/1 in a Uint8Array.
 */
export interface DataByDType {
  float32: Float32Array
  float64: Float64Array
  float16: Uint16Array
  bfloat16: Uint16Array
  int8: Int8Array
  int16: Int16Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array
  uint16: Uint16Array
  uint32: Uint32Array
  uint64: BigUint64Array
  bool: Uint8Array
  string: string[]
}

export type DType = keyof DataByDType
export type DataOf<D extends DType> = DataByDType[D]
export type FloatDType = 'float32' | 'float64' | 'float16' | 'bfloat16'
/** Every type whose elements have a fixed size in bytes. */
export type NumericDType = Exclude<DType, 'string'>

type TypedArrayConstructor<D extends NumericDType> = {
  new (length: number): DataOf<D>
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): DataOf<D>
  readonly BYTES_PER_ELEMENT: number
}

const constructors: { [D in NumericDType]: TypedArrayConstructor<D> } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
}

export const dtypes = [...Object.keys(constructors), 'string'] as DType[]

/** Bytes per element. */
export function byteSize(dtype: NumericDType): number {
  return constructors[dtype].BYTES_PER_ELEMENT
}

/** A zero-filled array of `length` elements (empty strings for `string`). */
export function allocate<D extends DType>(dtype: D, length: number): DataOf<D> {
  if (dtype === 'string') return new Array<string>(length).fill('') as DataOf<D>
  return new constructors[dtype as NumericDType](length) as DataOf<D>
}

/**
 * Little-endian bytes seen as elements of `dtype`. No copy when the bytes are aligned to the element size;
 * otherwise one copy.
 */
export function viewBytes<D extends NumericDType>(dtype: D, bytes: Uint8Array): DataOf<D> {
  const size = byteSize(dtype)
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  return new constructors[dtype](aligned.buffer, aligned.byteOffset, aligned.byteLength / size) as DataOf<D>
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16'
}

export function isBigInt(dtype: DType): dtype is 'int64' | 'uint64' {
  return dtype === 'int64' || dtype === 'uint64'
}

const float32 = new Float32Array(1)
const bits32 = new Uint32Array(float32.buffer)

/** IEEE 754 binary16 bits of a number, round to nearest even, as PyTorch's `.half()`. */
export function toFloat16Bits(value: number): number {
  float32[0] = value
  const x = bits32[0]
  const sign = (x >>> 16) & 0x8000
  const magnitude = x & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00 // rounds to infinity
  if (magnitude < 0x38800000) {
    // Subnormal: the value is a multiple of 2^-24; adding 0.5 in float32 rounds at that place.
    float32[0] = Math.abs(float32[0]) + 0.5
    return sign | (bits32[0] - 0x3f000000)
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
  return sign | ((rounded - 0x38000000) >>> 13)
}

/** The number that IEEE 754 binary16 bits stand for. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** bfloat16 bits of a number: the upper half of its float32, round to nearest even. */
export function toBFloat16Bits(value: number): number {
  float32[0] = value
  const x = bits32[0]
  if ((x & 0x7fffffff) > 0x7f800000) return ((x >>> 16) & 0x8000) | 0x7fc0
  return (x + 0x7fff + ((x >>> 16) & 1)) >>> 16
}

/** The number that bfloat16 bits stand for. */
export function fromBFloat16Bits(bits: number): number {
  bits32[0] = bits << 16
  return float32[0]
}
