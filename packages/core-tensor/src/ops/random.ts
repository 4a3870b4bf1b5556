import { FlagError } from '../errors.ts'
import type { Value, ValueType } from '../graph/graph.ts'
import {
  type Application,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  notDifferentiable,
} from '../graph/operator.ts'
import type { RandomOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx, onnxDType } from '../onnx/dtypes.ts'
import { cast } from './comparison.ts'
import { div, mul, sub } from './elementwise.ts'

const gradient = notDifferentiable('random numbers do not depend on its inputs')

const ofAttributes = {
  infer: ({ attributes }: Application): ValueType[] => [
    { dtype: dtypeFromOnnx(intOf(attributes, 'dtype', 1)), shape: intsOf(attributes, 'shape') ?? [] },
  ],
  gradient,
}

const like = {
  infer: (application: Application): ValueType[] => {
    const x = inputOf(application, 0)
    return [
      { dtype: dtypeFromOnnx(intOf(application.attributes, 'dtype', onnxDType(x.dtype))), shape: x.shape },
    ]
  },
  gradient,
}

export const randomOperators = defineOperators<RandomOperator>({
  RandomNormal: ofAttributes,
  RandomUniform: ofAttributes,
  RandomNormalLike: like,
  RandomUniformLike: like,
  Bernoulli: like,
  Multinomial: {
    infer: (application) => [
      {
        dtype: dtypeFromOnnx(intOf(application.attributes, 'dtype', onnxDType('int32'))),
        shape: [inputOf(application, 0).shape[0], intOf(application.attributes, 'sample_size', 1)],
      },
    ],
    gradient,
  },
  Dropout: {
    requiredOutputs: 1,
    infer: (application) => {
      const { dtype, shape } = inputOf(application, 0)
      const mask = application.opset < 10 ? dtype : ('bool' as const)
      return [
        { dtype, shape },
        { dtype: mask, shape },
      ]
    },
    gradient: ({ inputs: [x, ratio, training], outputs: [, mask] }, [g]) => {
      if (!g || !x) return []
      if (!training || training.constant?.toNumbers()[0] === 0) return [g]
      if (!mask) {
        throw new FlagError(
          'not-differentiable',
          'Dropout in training has a gradient only if it gives its mask',
          {
            hint: 'use dropout() with numbers of your own',
          },
        )
      }
      return [div(mul(g, cast(mask, x.dtype)), sub(1, (ratio as Value | undefined) ?? 0.5))]
    },
  },
})
