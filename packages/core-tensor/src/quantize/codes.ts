import { FlagError } from '../errors.ts'
import { fromFloat16Bits, type NumericDType, viewBytes } from '../tensor/dtype.ts'

// Numbers in fewer bits, a whole array at a time. The loops work on bit patterns and reuse nothing, so that a
// checkpoint of billions of numbers is converted at the speed of memory.

/** Columns that share one scale in a 4-bit weight: the smallest that ONNX Runtime's kernels all take. */
export const INT4_BLOCK = 32

let halves: Float32Array | undefined

/** Little-endian bytes of floats of any type as float32. Throws `dtype-mismatch` for other types. */
export function floatsOf(dtype: NumericDType, bytes: Uint8Array): Float32Array {
  switch (dtype) {
    case 'float32':
      return viewBytes(dtype, bytes)
    case 'float64':
      return Float32Array.from(viewBytes(dtype, bytes))
    case 'float16': {
      halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromFloat16Bits(bits))
      const table = halves
      const bits = viewBytes(dtype, bytes)
      const floats = new Float32Array(bits.length)
      for (let i = 0; i < bits.length; i++) floats[i] = table[bits[i]]
      return floats
    }
    case 'bfloat16': {
      const bits = viewBytes(dtype, bytes)
      const words = new Uint32Array(bits.length)
      for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16
      return new Float32Array(words.buffer)
    }
    default:
      throw new FlagError('dtype-mismatch', `weights must be floating point numbers, got ${dtype}`)
  }
}

const wordsOf = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length)

/** IEEE 754 binary16 bits, rounded to nearest even; equal to `toFloat16Bits` of every element. */
export function toFloat16(floats: Float32Array): Uint16Array {
  const words = wordsOf(floats)
  const out = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    const sign = (word >>> 16) & 0x8000
    const size = word & 0x7fffffff
    if (size > 0x7f800000) out[i] = sign | 0x7e00
    else if (size >= 0x477ff000) out[i] = sign | 0x7c00
    else if (size < 0x33000000) out[i] = sign
    else if (size < 0x38800000) {
      // Subnormal: the significand, with its hidden bit, shifted to multiples of 2^-24.
      const shift = 126 - (size >>> 23)
      const significand = (size & 0x7fffff) | 0x800000
      const kept = significand >>> shift
      const rest = significand & ((1 << shift) - 1)
      const half = 1 << (shift - 1)
      out[i] = sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0))
    } else out[i] = sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13)
  }
  return out
}

/** bfloat16 bits, rounded to nearest even; equal to `toBFloat16Bits` of every element. */
export function toBFloat16(floats: Float32Array): Uint16Array {
  const words = wordsOf(floats)
  const out = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    out[i] =
      (word & 0x7fffffff) > 0x7f800000
        ? ((word >>> 16) & 0x8000) | 0x7fc0
        : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}

/**
 * Rows of `width` numbers in 8 bits: codes -127 to 127, and one scale a row, so that `code * scale` is the number
 * (symmetric, per output channel: Jacob et al. 2018, arXiv 1712.05877, without a zero point).
 */
export function toInt8(floats: Float32Array, width: number): { codes: Int8Array; scales: Float32Array } {
  const rows = floats.length / width
  const codes = new Int8Array(floats.length)
  const scales = new Float32Array(rows)
  for (let row = 0, start = 0; row < rows; row++, start += width) {
    let largest = 0
    for (let i = start; i < start + width; i++) {
      const size = Math.abs(floats[i])
      if (size > largest) largest = size
    }
    scales[row] = largest / 127
    const inverse = largest === 0 ? 0 : 127 / largest
    for (let i = start; i < start + width; i++) codes[i] = ((floats[i] * inverse + 128.5) | 0) - 128
  }
  return { codes, scales }
}

/** A matrix `[rows, width]` of bytes as `[width, rows]`, in tiles that fit the cache. */
export function transposeCodes(codes: Int8Array, width: number): Int8Array {
  const TILE = 64
  const rows = codes.length / width
  const out = new Int8Array(codes.length)
  for (let top = 0; top < rows; top += TILE)
    for (let left = 0; left < width; left += TILE)
      for (let row = top; row < Math.min(top + TILE, rows); row++)
        for (let column = left; column < Math.min(left + TILE, width); column++)
          out[column * rows + row] = codes[row * width + column]
  return out
}

/**
 * Rows of `width` numbers in 4 bits, in the layout of ONNX Runtime's MatMulNBits and GatherBlockQuantized
 * (docs/ContribOperators.md of microsoft/onnxruntime): along a row, blocks of 32 numbers that share a scale; number
 * i of a block is the low (i even) or high (i odd) half of byte i / 2; the last block is filled up with code 8. A code
 * c, 0 to 15, stands for `(c - 8) * scale`.
 *
 * The number of largest size in a block gets code 0, so the scale has the other sign: all sixteen codes are used.
 * Of that scale and a few smaller ones the one with the least squared error is taken.
 */
export function toInt4(floats: Float32Array, width: number): { codes: Uint8Array; scales: Float32Array } {
  const rows = floats.length / width
  const blocks = Math.ceil(width / INT4_BLOCK)
  const codes = new Uint8Array((rows * blocks * INT4_BLOCK) / 2).fill(0x88)
  const scales = new Float32Array(rows * blocks)
  for (let block = 0; block < rows * blocks; block++) {
    const column = (block % blocks) * INT4_BLOCK
    const start = Math.floor(block / blocks) * width + column
    const end = start + Math.min(INT4_BLOCK, width - column)
    const scale = int4Scale(floats, start, end)
    scales[block] = scale
    const inverse = scale === 0 ? 0 : 1 / scale
    for (let i = start, at = block * INT4_BLOCK; i < end; i++, at++) {
      const code = int4Code(floats[i] * inverse)
      codes[at >> 1] = at & 1 ? (codes[at >> 1] & 0x0f) | (code << 4) : (codes[at >> 1] & 0xf0) | code
    }
  }
  return { codes, scales }
}

/** The code nearest to a multiple of the scale. Truncation of what is not negative is much faster than rounding. */
function int4Code(multiple: number): number {
  const shifted = multiple + 8.5
  return shifted < 0 ? 0 : shifted >= 16 ? 15 : shifted | 0
}

/** Shares of the full range that are tried: cutting one outlier off often serves the other 31 numbers better. */
const RANGES = [8, 7.5, 7, 8.5, 9]

function int4Scale(floats: Float32Array, start: number, end: number): number {
  let extreme = 0
  for (let i = start; i < end; i++) if (Math.abs(floats[i]) > Math.abs(extreme)) extreme = floats[i]
  if (extreme === 0) return 0
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (const range of RANGES) {
    const scale = -extreme / range
    const inverse = 1 / scale
    let error = 0
    for (let i = start; i < end; i++) {
      const difference = floats[i] - (int4Code(floats[i] * inverse) - 8) * scale
      error += difference * difference
    }
    if (error < least) {
      least = error
      best = scale
    }
  }
  return best
}
