import { FlagError } from '../errors.ts'
import { constant, type Node, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  floatOf,
  inputOf,
  intOf,
  notDifferentiable,
  stringOf,
} from '../graph/operator.ts'
import type { DetectionOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { cast, equal, greaterOrEqual, lessOrEqual, logicalAnd } from './comparison.ts'
import { abs, add, div, maximum, minimum, mul, sub } from './elementwise.ts'
import { iota } from './fill.ts'
import { matmul } from './linear.ts'
import { reduceMean } from './reduction.ts'
import { reshape, swapAxes, transpose, unsqueeze } from './shape.ts'
import { freshDim } from './sizes.ts'
import { slice } from './slicing.ts'

export const detectionOperators = defineOperators<DetectionOperator>({
  RoiAlign: {
    infer: (application): ValueType[] => {
      const [x, rois] = [inputOf(application, 0), inputOf(application, 1)]
      const [height, width] = pooledSize(application)
      return [{ dtype: x.dtype, shape: [rois.shape[0], x.shape[1], height, width] }]
    },
    gradient: (node, [g]) => [g && roiAlignGradient(node, g)],
  },
  NonMaxSuppression: {
    infer: (application) => {
      const { graph } = inputOf(application, 0)
      return [{ dtype: 'int64', shape: [freshDim(graph, 'selected'), 3] }]
    },
    gradient: notDifferentiable('the result is a list of indices'),
  },
})

const pooledSize = ({ attributes }: Pick<Application, 'attributes'>) => [
  intOf(attributes, 'output_height', 1),
  intOf(attributes, 'output_width', 1),
]

/**
 * Gradient with respect to the features. A region is sampled on a grid, bilinearly, so its output is `A X Bᵀ` with a
 * matrix of interpolation weights for its rows and one for its columns; the gradient is the sum of `Aᵀ G B` over the
 * regions of each picture. The regions themselves get no gradient, as in torchvision.
 */
function roiAlignGradient(node: Node, g: Value): Value {
  const [x, rois, batchIndices] = node.inputs as [Value, Value, Value]
  const samples = intOf(node.attributes, 'sampling_ratio', 0)
  if (stringOf(node.attributes, 'mode', 'avg') !== 'avg' || samples <= 0) {
    throw new FlagError(
      'not-differentiable',
      'RoiAlign has a gradient for mode "avg" with a positive sampling_ratio only',
    )
  }
  const [, channels, rows, columns] = x.shape
  const [height, width] = pooledSize(node)
  const regions = rois.shape[0]
  const a = sampleWeights(node, rois, 1, height, samples, x) // [regions, height, rows]
  const b = sampleWeights(node, rois, 0, width, samples, x) // [regions, width, columns]
  // Columns first: [regions, channels, height, columns], as a matrix over (channel, column) and (region, height).
  const spread = matmul(g, unsqueeze(b, 1))
  const left = reshape(transpose(spread, [1, 3, 0, 2]), [mulPair(channels, columns), -1])
  // The rows of each picture's own regions.
  const pictures = unsqueeze(iota(x.shape[0]), [1, 2, 3])
  const own = cast(equal(pictures, reshape(batchIndices, [1, regions, 1, 1])), x.dtype)
  const right = reshape(mul(unsqueeze(a, 0), own), [x.shape[0], -1, rows]) // [batch, regions * height, rows]
  const product = reshape(matmul(left, right), [x.shape[0], channels, columns, rows])
  return swapAxes(product, -1, -2)
}

function mulPair(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  throw new FlagError('not-differentiable', 'RoiAlign over symbolic channels or columns has no gradient')
}

/** Weights `[regions, bins, size]` of the elements of one axis in the bins of each region. */
function sampleWeights(node: Node, rois: Value, axis: 0 | 1, bins: number, samples: number, x: Value): Value {
  const { attributes } = node
  const dim = x.shape[3 - axis]
  if (typeof dim !== 'number') {
    throw new FlagError(
      'not-differentiable',
      `RoiAlign over the symbolic axis ${3 - axis} of ${x} has no gradient`,
    )
  }
  const dtype = x.dtype as NumericDType
  const halfPixel = stringOf(attributes, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel'
  const scale = floatOf(attributes, 'spatial_scale', 1)
  const edge = (column: number) =>
    sub(mul(slice(rois, [column], [column + 1], [1]), scale), halfPixel ? 0.5 : 0)
  const start = edge(axis)
  const length = sub(edge(axis + 2), start)
  const step = div(halfPixel ? length : maximum(length, 1), bins) // [regions, 1]
  const places = Array.from({ length: bins * samples }, (_, i) => (i + 0.5) / samples)
  const at = add(start, mul(step, constant(places, dtype, [1, places.length]))) // [regions, bins * samples]
  const valid = cast(logicalAnd(greaterOrEqual(at, -1), lessOrEqual(at, dim)), dtype)
  const clamped = unsqueeze(minimum(maximum(at, 0), dim - 1), 2)
  const distance = abs(sub(clamped, cast(unsqueeze(iota(dim), [0, 1]), dtype)))
  const hat = mul(maximum(sub(1, distance), 0), unsqueeze(valid, 2))
  return reduceMean(reshape(hat, [rois.shape[0], bins, samples, dim]), 2)
}

export interface RoiAlignOptions {
  /** Rows and columns of the result. */
  size: readonly [height: number, width: number]
  /** From the boxes' coordinates to the features': 1 / stride. */
  scale?: number
  /** Samples along each axis of a bin; 0 takes as many as the bin is large, and has no gradient. */
  samples?: number
  /** Pixel centres at half coordinates (torchvision's `aligned=True`). */
  aligned?: boolean
}

/**
 * Features inside boxes, averaged to one size (He et al. 2017). x `[batch, channels, height, width]`, boxes
 * `[regions, 4]` as x1, y1, x2, y2, `pictures` `[regions]` int64, the place in the batch of each box's picture.
 * Gives `[regions, channels, …size]`.
 */
export function roiAlign(x: Value, boxes: Value, pictures: Value, options: RoiAlignOptions): Value {
  return apply1('RoiAlign', [x, boxes, pictures], {
    mode: 'avg',
    output_height: options.size[0],
    output_width: options.size[1],
    spatial_scale: { float: options.scale ?? 1 },
    sampling_ratio: options.samples ?? 0,
    coordinate_transformation_mode: options.aligned === false ? 'output_half_pixel' : 'half_pixel',
  })
}

export interface SuppressionOptions {
  /** At most so many boxes per picture and class. */
  limit: number
  /** A box that overlaps a better one by more than this intersection over union is dropped. */
  overlap: number
  /** Boxes that do not score more than this are dropped. */
  score?: number
}

/**
 * Greedy non-maximum suppression: boxes `[batch, boxes, 4]` as x1, y1, x2, y2 and scores `[batch, classes, boxes]`
 * to int64 rows (picture, class, box), `[selected, 3]`; how many is known when the graph runs.
 */
export function nonMaxSuppression(boxes: Value, scores: Value, options: SuppressionOptions): Value {
  return apply1('NonMaxSuppression', [
    boxes,
    scores,
    constant([options.limit], 'int64'),
    constant([options.overlap], 'float32'),
    options.score === undefined ? undefined : constant([options.score], 'float32'),
  ])
}
