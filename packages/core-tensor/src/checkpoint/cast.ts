import {
  byteSize,
  type FloatDType,
  fromBFloat16Bits,
  fromFloat16Bits,
  isFloat,
  toBFloat16Bits,
  toFloat16Bits,
  viewBytes,
} from '../tensor/dtype.ts'
import type { TensorStream } from './stream.ts'

/** Elements that a cast could not keep. */
export interface CastLoss {
  /** Finite numbers that became infinite, since float16 ends at 65,504. */
  infinite: number
}

const isInfinite16 = (bits: number) => (bits & 0x7fff) === 0x7c00

const readers: Record<FloatDType, (bytes: Uint8Array) => (i: number) => number> = {
  float32: reader('float32'),
  float64: reader('float64'),
  float16: (bytes) => {
    const bits = viewBytes('float16', bytes)
    return (i) => fromFloat16Bits(bits[i])
  },
  bfloat16: (bytes) => {
    const bits = viewBytes('bfloat16', bytes)
    return (i) => fromBFloat16Bits(bits[i])
  },
}

function reader(dtype: 'float32' | 'float64') {
  return (bytes: Uint8Array) => {
    const data = viewBytes(dtype, bytes)
    return (i: number) => data[i]
  }
}

/** Bytes of floating-point numbers as another floating-point type, rounded to nearest even, as PyTorch casts them. */
function castBytes(from: FloatDType, to: FloatDType, bytes: Uint8Array, loss: CastLoss): Uint8Array {
  const length = bytes.byteLength / byteSize(from)
  const read = readers[from](bytes)
  const out = new Uint8Array(length * byteSize(to))
  const target = viewBytes(to, out)
  if (to === 'float16' || to === 'bfloat16') {
    const convert = to === 'float16' ? toFloat16Bits : toBFloat16Bits
    for (let i = 0; i < length; i++) {
      const value = read(i)
      const bits = convert(value)
      if (to === 'float16' && isInfinite16(bits) && Number.isFinite(value)) loss.infinite += 1
      target[i] = bits
    }
  } else {
    for (let i = 0; i < length; i++) target[i] = read(i)
  }
  return out
}

/** A tensor as another type if it is one of floating-point numbers; whole numbers and truth values stay. */
export function castStream(tensor: TensorStream, to: FloatDType, loss: CastLoss): TensorStream {
  const { dtype } = tensor
  if (!isFloat(dtype) || dtype === to) return tensor
  const pieces = async function* () {
    for await (const piece of tensor.pieces()) yield castBytes(dtype, to, piece, loss)
  }
  return { ...tensor, dtype: to, pieces }
}
