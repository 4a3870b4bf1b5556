import { FlagError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'

/** TensorProto.DataType numbers of onnx.proto. */
const numbers: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
}
const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as DType]))

export const onnxDType = (dtype: DType): number => numbers[dtype]

/** Throws `unsupported` for complex, 8-bit float and 4-bit types. */
export function dtypeFromOnnx(number: number): DType {
  const dtype = names.get(number)
  if (!dtype) throw new FlagError('unsupported', `ONNX element type ${number} is not supported`)
  return dtype
}
