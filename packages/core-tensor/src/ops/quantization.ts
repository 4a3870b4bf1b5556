import { mulDims } from '../graph/dims.ts'
import type { Value, ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  CONTRIB,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
} from '../graph/operator.ts'
import type { QuantizationOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx } from '../onnx/dtypes.ts'
import type { DType } from '../tensor/dtype.ts'
import { cast } from './comparison.ts'
import { inferConv } from './convolution.ts'
import { mul } from './elementwise.ts'
import { embedding } from './gather.ts'
import { matmulDims } from './linear.ts'
import { unsqueeze } from './shape.ts'

const rounds = notDifferentiable('its result is rounded to integers')

/** The type that an attribute names, if it names one. */
function attributeDType({ attributes }: Application, name: string): DType | undefined {
  const number = intOf(attributes, name, 0)
  return number === 0 ? undefined : dtypeFromOnnx(number)
}

export const quantizationOperators = defineOperators<QuantizationOperator>({
  QuantizeLinear: {
    infer: (application) => {
      const dtype = application.inputs[2]?.dtype ?? attributeDType(application, 'output_dtype') ?? 'uint8'
      return [{ dtype, shape: inputOf(application, 0).shape }]
    },
    gradient: rounds,
  },
  DequantizeLinear: {
    infer: (application) => {
      const dtype = attributeDType(application, 'output_dtype') ?? inputOf(application, 1).dtype
      return [{ dtype, shape: inputOf(application, 0).shape }]
    },
    gradient: notDifferentiable('its input is an integer'),
  },
  DynamicQuantizeLinear: {
    infer: (application) => [
      { dtype: 'uint8', shape: inputOf(application, 0).shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ],
    gradient: rounds,
  },
  MatMulInteger: {
    infer: (application) => [
      { dtype: 'int32', shape: matmulDims(inputOf(application, 0), inputOf(application, 1)) },
    ],
    gradient: rounds,
  },
  DynamicQuantizeMatMul: {
    domain: CONTRIB,
    infer: (application) => [
      { dtype: 'float32', shape: matmulDims(inputOf(application, 0), inputOf(application, 1)) },
    ],
    gradient: rounds,
  },
  MatMulNBits: {
    domain: CONTRIB,
    infer: (application) => {
      const x = inputOf(application, 0)
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), intOf(application.attributes, 'N', 0)] }]
    },
    gradient: notDifferentiable('its weight is made of integers'),
  },
  GatherBlockQuantized: {
    domain: CONTRIB,
    infer: (application) => {
      const [table, ids, scales] = [0, 1, 2].map((i) => inputOf(application, i))
      const codes = 8 / intOf(application.attributes, 'bits', 4)
      return [{ dtype: scales.dtype, shape: [...ids.shape, mulDims(table.shape[1], codes)] }]
    },
    gradient: notDifferentiable('its table is made of integers'),
  },
  ConvInteger: {
    infer: (application) => [{ dtype: 'int32', shape: inferConv(application)[0].shape }],
    gradient: rounds,
  },
  QLinearMatMul: {
    infer: (application) => [
      {
        dtype: inputOf(application, 7).dtype,
        shape: matmulDims(inputOf(application, 0), inputOf(application, 3)),
      },
    ],
    gradient: rounds,
  },
  QLinearConv: {
    infer: (application): ValueType[] => {
      const inputs = [inputOf(application, 0), inputOf(application, 3)]
      return [{ dtype: inputOf(application, 7).dtype, shape: inferConv({ ...application, inputs })[0].shape }]
    },
    gradient: rounds,
  },
})

/**
 * `x @ weight + bias` with a weight `[in, out]` of 8-bit codes and one scale an output channel. `x` is brought to 8
 * bits on the way, with one scale for all of it, so the product runs on integers.
 */
export function int8Linear(x: Value, codes: Value, scales: Value, bias?: Value): Value {
  return apply1('DynamicQuantizeMatMul', [x, codes, scales, undefined, bias], {}, CONTRIB)
}

/** Rows, at integer ids, of a table `[rows, width]` of 8-bit codes with one scale a row, as float32. */
export function int8Embedding(codes: Value, scales: Value, ids: Value): Value {
  const rows = cast(embedding(codes, ids), 'float32')
  return mul(rows, unsqueeze(embedding(scales, ids), [-1]))
}

/**
 * `x @ weightᵀ + bias` with a weight of 4-bit codes `[out, blocks, block / 2]` (see `toInt4`), `scales`
 * `[out, blocks]` and `width` columns. Products are of float32.
 */
export function int4Linear(x: Value, codes: Value, scales: Value, width: number, bias?: Value): Value {
  const [out, , half] = codes.shape as number[]
  return apply1(
    'MatMulNBits',
    [x, codes, scales, undefined, undefined, bias],
    { K: width, N: out, bits: 4, block_size: 2 * half },
    CONTRIB,
  )
}

/** Rows, at integer ids, of a table of 4-bit codes `[rows, width / 2]` with `scales` `[rows, blocks]`. */
export function int4Embedding(codes: Value, scales: Value, ids: Value): Value {
  const block = (2 * (codes.shape[1] as number)) / (scales.shape[1] as number)
  return apply1(
    'GatherBlockQuantized',
    [codes, ids, scales],
    { bits: 4, block_size: block, gather_axis: 0, quantize_axis: 1 },
    CONTRIB,
  )
}
