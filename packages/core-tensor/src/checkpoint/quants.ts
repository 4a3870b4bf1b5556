import { fromFloat16Bits } from '../tensor/dtype.ts'

/** A block format of GGUF: `size` bytes stand for `elements` consecutive weights. */
export interface BlockFormat {
  readonly name: string
  readonly elements: number
  readonly size: number
  /** Writes the weights of the block that starts at `at`. */
  decode(bytes: Uint8Array, at: number, out: Float32Array, to: number): void
}

const half = (bytes: Uint8Array, at: number): number => fromFloat16Bits(bytes[at] | (bytes[at + 1] << 8))

/** Adding it changes nothing, not even the sign of a zero. */
const NO_MINIMUM = -0

/** 32 weights as scale · (4-bit level − 8), or scale · level + minimum: low nibbles first, then high ones. */
function fourBits(name: string, withMinimum: boolean): BlockFormat {
  const start = withMinimum ? 4 : 2
  return {
    name,
    elements: 32,
    size: start + 16,
    decode(bytes, at, out, to) {
      const scale = half(bytes, at)
      const [shift, minimum] = withMinimum ? [0, half(bytes, at + 2)] : [8, NO_MINIMUM]
      for (let i = 0; i < 16; i++) {
        const byte = bytes[at + start + i]
        out[to + i] = Math.fround(((byte & 15) - shift) * scale) + minimum
        out[to + 16 + i] = Math.fround(((byte >> 4) - shift) * scale) + minimum
      }
    },
  }
}

/** As `fourBits`, with a fifth bit per weight in a 32-bit mask before the nibbles. */
function fiveBits(name: string, withMinimum: boolean): BlockFormat {
  const start = withMinimum ? 8 : 6
  return {
    name,
    elements: 32,
    size: start + 16,
    decode(bytes, at, out, to) {
      const scale = half(bytes, at)
      const [shift, minimum] = withMinimum ? [0, half(bytes, at + 2)] : [16, NO_MINIMUM]
      const fifth = (i: number) => ((bytes[at + start - 4 + (i >> 3)] >> (i & 7)) & 1) << 4
      for (let i = 0; i < 16; i++) {
        const byte = bytes[at + start + i]
        out[to + i] = Math.fround((((byte & 15) | fifth(i)) - shift) * scale) + minimum
        out[to + 16 + i] = Math.fround((((byte >> 4) | fifth(i + 16)) - shift) * scale) + minimum
      }
    },
  }
}

/** 32 weights as scale · signed byte. */
const eightBits: BlockFormat = {
  name: 'Q8_0',
  elements: 32,
  size: 34,
  decode(bytes, at, out, to) {
    const scale = half(bytes, at)
    for (let i = 0; i < 32; i++) out[to + i] = ((bytes[at + 2 + i] << 24) >> 24) * scale
  },
}

/** Block formats by their number in GGUF (ggml_type). */
export const blockFormats: ReadonlyMap<number, BlockFormat> = new Map([
  [2, fourBits('Q4_0', false)],
  [3, fourBits('Q4_1', true)],
  [6, fiveBits('Q5_0', false)],
  [7, fiveBits('Q5_1', true)],
  [8, eightBits],
])
