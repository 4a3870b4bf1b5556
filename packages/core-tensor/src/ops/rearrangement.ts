import { type Dim, floorDivDims, mulDims, normalizeAxis, productDims } from '../graph/dims.ts'
import type { Value, ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
  sameAsInput,
  stringOf,
} from '../graph/operator.ts'
import type { RearrangementOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx, onnxDType } from '../onnx/dtypes.ts'
import { isFloat } from '../tensor/dtype.ts'
import { cast } from './comparison.ts'
import { reshape, transpose } from './shape.ts'
import { freshDim } from './sizes.ts'

/** x with one axis of another size, or, without an axis, flat. */
function alongAxisOrFlat({ dtype, shape }: Value, axis: number | undefined, size: Dim): ValueType {
  return { dtype, shape: axis === undefined ? [size] : shape.map((dim, i) => (i === axis ? size : dim)) }
}

function axisAttribute({ attributes }: Application, x: Value): number | undefined {
  return attributes.axis === undefined ? undefined : normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
}

/** Values, the places of their first occurrences, for each element the place of its value, and counts. */
function inferUnique(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const axis = axisAttribute(application, x)
  const count = freshDim(x.graph, 'unique')
  const all = axis === undefined ? productDims(x.shape) : x.shape[axis]
  const places = [count, all, count].map((size) => ({ dtype: 'int64' as const, shape: [size] }))
  return [alongAxisOrFlat(x, axis, count), ...places]
}

const index = notDifferentiable('the result is a list of places or sizes')

export const rearrangements = defineOperators<RearrangementOperator>({
  BitCast: {
    infer: (application) => [
      {
        dtype: dtypeFromOnnx(intOf(application.attributes, 'to', 0)),
        shape: inputOf(application, 0).shape,
      },
    ],
    gradient: notDifferentiable('it looks at bits'),
  },
  CastLike: {
    infer: (application) => [{ dtype: inputOf(application, 1).dtype, shape: inputOf(application, 0).shape }],
    gradient: ({ inputs: [x] }, [g]) => [g && x && isFloat(x.dtype) ? cast(g, x.dtype) : undefined],
  },
  Compress: {
    infer: (application) => {
      const x = inputOf(application, 0)
      return [alongAxisOrFlat(x, axisAttribute(application, x), freshDim(x.graph, 'compressed'))]
    },
    gradient: notDifferentiable('the size of the result depends on values; use where'),
  },
  DepthToSpace: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const block = intOf(application.attributes, 'blocksize', 1)
      const [batch, channels, height, width] = x.shape
      const shape = [
        batch,
        floorDivDims(channels, block * block),
        mulDims(height, block),
        mulDims(width, block),
      ]
      return [{ dtype: x.dtype, shape }]
    },
    gradient: ({ inputs: [x], outputs: [y], attributes }, [g]) => {
      if (!g || !x) return []
      const block = intOf(attributes, 'blocksize', 1)
      const [batch, , height, width] = x.shape
      const blocks = reshape(g, [batch, y.shape[1], height, block, width, block])
      const rowsFirst = stringOf(attributes, 'mode', 'DCR') === 'CRD'
      return [reshape(transpose(blocks, rowsFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), x.shape)]
    },
  },
  SpaceToDepth: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const block = intOf(application.attributes, 'blocksize', 1)
      const [batch, channels, height, width] = x.shape
      const shape = [
        batch,
        mulDims(channels, block * block),
        floorDivDims(height, block),
        floorDivDims(width, block),
      ]
      return [{ dtype: x.dtype, shape }]
    },
    gradient: ({ attributes }, [g]) => [
      g && apply1('DepthToSpace', [g], { blocksize: attributes.blocksize, mode: 'DCR' }),
    ],
  },
  EyeLike: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const dtype = dtypeFromOnnx(intOf(application.attributes, 'dtype', onnxDType(x.dtype)))
      return [{ dtype, shape: x.shape }]
    },
    gradient: notDifferentiable('the result does not depend on values'),
  },
  ReverseSequence: {
    infer: sameAsInput(),
    // Reversing twice gives back the order.
    gradient: ({ inputs: [, lengths], attributes }, [g]) => [
      g && apply1('ReverseSequence', [g, lengths], attributes),
    ],
  },
  Scatter: { infer: sameAsInput(), gradient: notDifferentiable('use scatterElements') },
  Size: { infer: () => [{ dtype: 'int64', shape: [] }], gradient: index },
  Unique: { requiredOutputs: 1, infer: inferUnique, gradient: index },
})

/** `[batch, channels * block², h, w]` as `[batch, channels, h * block, w * block]`: torch's `pixel_shuffle`. */
export function pixelShuffle(x: Value, block: number): Value {
  return apply1('DepthToSpace', [x], { blocksize: block, mode: 'CRD' })
}

/** The first `lengths[i]` elements of each sequence i in reverse order; `lengths` is int64 `[batch]`. */
export function reverseSequence(x: Value, lengths: Value, timeAxis = 0, batchAxis = 1): Value {
  return apply1('ReverseSequence', [x, lengths], { time_axis: timeAxis, batch_axis: batchAxis })
}
