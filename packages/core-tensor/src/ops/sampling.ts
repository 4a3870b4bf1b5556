import { addDims, type Dim, mulDims, normalizeAxis } from '../graph/dims.ts'
import type { ValueType } from '../graph/graph.ts'
import {
  type Application,
  defineOperators,
  inputOf,
  intsOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { SamplingOperator } from '../graph/operatorNames.ts'
import { constantInts, freshDim, sizesIn } from './sizes.ts'
import { windowsOf } from './windows.ts'

/** Windows over `[batch, channels, …]`: the spatial sizes that come out. */
function windowDims(application: Application, kernel: readonly number[]): Dim[] {
  const spatial = inputOf(application, 0).shape.slice(2)
  return windowsOf(application.attributes, spatial, kernel).map(({ output }) => output)
}

function inferDeformConv(application: Application): ValueType[] {
  const [x, weight] = [inputOf(application, 0), inputOf(application, 1)]
  const kernel = intsOf(application.attributes, 'kernel_shape') ?? (weight.shape.slice(2) as number[])
  return [{ dtype: x.dtype, shape: [x.shape[0], weight.shape[0], ...windowDims(application, kernel)] }]
}

/** The sizes that pooling has taken away, or those that an input states. */
function inferMaxUnpool(application: Application): ValueType[] {
  const { dtype, shape } = inputOf(application, 0)
  if (application.inputs[2]) return [{ dtype, shape: sizesIn(application, 2) }]
  const kernel = intsOf(application.attributes, 'kernel_shape') ?? []
  const strides = intsOf(application.attributes, 'strides') ?? kernel.map(() => 1)
  const pads = intsOf(application.attributes, 'pads') ?? kernel.flatMap(() => [0, 0])
  const spatial = kernel.map((size, i) =>
    addDims(mulDims(addDims(shape[i + 2], -1), strides[i]), size - pads[i] - pads[i + kernel.length]),
  )
  return [{ dtype, shape: [...shape.slice(0, 2), ...spatial] }]
}

function inferUpsample(application: Application): ValueType[] {
  const { dtype, shape, graph } = inputOf(application, 0)
  const attribute = application.attributes.scales as { floats: readonly number[] } | undefined
  const scales = attribute?.floats ?? constantInts(application, 1)
  return [
    {
      dtype,
      shape: shape.map((dim, i) => {
        if (typeof dim === 'number') return Math.floor(dim * scales[i])
        return Number.isInteger(scales[i]) ? mulDims(dim, scales[i]) : freshDim(graph, `upsampled${i}`)
      }),
    },
  ]
}

export const samplingOperators = defineOperators<SamplingOperator>({
  AffineGrid: {
    infer: (application) => {
      const [batch, , ...spatial] = sizesIn(application, 1)
      return [{ dtype: inputOf(application, 0).dtype, shape: [batch, ...spatial, spatial.length] }]
    },
    gradient: notDifferentiable('write the grid as a matmul of theta and coordinates'),
  },
  CenterCropPad: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const axes = intsOf(application.attributes, 'axes') ?? x.shape.map((_, i) => i)
      const sizes = sizesIn(application, 1)
      const shape = [...x.shape]
      axes.forEach((axis, i) => {
        shape[normalizeAxis(axis, x.rank)] = sizes[i]
      })
      return [{ dtype: x.dtype, shape }]
    },
    gradient: notDifferentiable('use slice and pad'),
  },
  Col2Im: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const block = constantInts(application, 2).reduce((product, size) => product * size, 1)
      const channels = typeof x.shape[1] === 'number' ? x.shape[1] / block : freshDim(x.graph, 'channels')
      return [{ dtype: x.dtype, shape: [x.shape[0], channels, ...sizesIn(application, 1)] }]
    },
    gradient: notDifferentiable('use convTranspose'),
  },
  DeformConv: {
    infer: inferDeformConv,
    gradient: notDifferentiable('ONNX has no operator for its transpose'),
  },
  GlobalLpPool: {
    infer: (application) => {
      const { dtype, shape } = inputOf(application, 0)
      return [{ dtype, shape: shape.map((dim, i) => (i < 2 ? dim : 1)) }]
    },
    gradient: notDifferentiable('use norm() over the spatial axes'),
  },
  GridSample: {
    infer: (application) => {
      const [x, grid] = [inputOf(application, 0), inputOf(application, 1)]
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)] }]
    },
    gradient: notDifferentiable('ONNX has no operator for its transpose'),
  },
  LpPool: {
    infer: (application) => {
      const { dtype, shape } = inputOf(application, 0)
      const kernel = intsOf(application.attributes, 'kernel_shape') ?? []
      return [{ dtype, shape: [...shape.slice(0, 2), ...windowDims(application, kernel)] }]
    },
    gradient: notDifferentiable('use averagePool of powers'),
  },
  MaxRoiPool: {
    infer: (application) => {
      const [x, rois] = [inputOf(application, 0), inputOf(application, 1)]
      const pooled = intsOf(application.attributes, 'pooled_shape') ?? []
      return [{ dtype: x.dtype, shape: [rois.shape[0], x.shape[1], ...pooled] }]
    },
    gradient: notDifferentiable('use roiAlign'),
  },
  MaxUnpool: { infer: inferMaxUnpool, gradient: notDifferentiable('use scatterElements') },
  TensorScatter: { infer: sameAsInput(), gradient: notDifferentiable('use scatterElements') },
  Upsample: { infer: inferUpsample, gradient: notDifferentiable('use resize') },
})
