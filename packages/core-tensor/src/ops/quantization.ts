import type { ValueType } from '../graph/graph.ts'
import { type Application, defineOperators, inputOf, intOf, notDifferentiable } from '../graph/operator.ts'
import type { QuantizationOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx } from '../onnx/dtypes.ts'
import type { DType } from '../tensor/dtype.ts'
import { inferConv } from './convolution.ts'
import { matmulDims } from './linear.ts'

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
