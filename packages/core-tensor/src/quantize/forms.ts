import type { Value } from '../graph/graph.ts'
import { cast } from '../ops/comparison.ts'
import { embedding } from '../ops/gather.ts'
import { linear } from '../ops/linear.ts'
import { int4Embedding, int4Linear, int8Embedding, int8Linear } from '../ops/quantization.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import type { Shape } from '../tensor/tensor.ts'
import { INT4_BLOCK, toBFloat16, toFloat16, toInt4, toInt8, transposeCodes } from './codes.ts'

/** What weights can be converted to. */
export type WeightPrecision = 'fp16' | 'bf16' | 'int8' | 'int4'

/** How a model uses a weight: in `x @ weightᵀ`, or by looking up rows. */
export type WeightRole = 'matrix' | 'table'

/** One of the tensors that stand for a weight. */
export interface Part {
  readonly suffix: string
  readonly dtype: NumericDType
  readonly shape: Shape
}

/** A weight `[rows, width]` in another form: the tensors that stand for it, how they are made and how they are used. */
export interface Form {
  /** Named in reports. */
  readonly precision: WeightPrecision
  /** Rows can be converted a few at a time. */
  readonly byRows: boolean
  parts(shape: Shape): readonly Part[]
  /** The elements of each part for some rows (all of them unless `byRows`). */
  convert(rows: Float32Array, width: number): readonly ArrayBufferView[]
  /** A matrix: `x @ weightᵀ + bias`. A table: its rows at the ids `x`. As float32. */
  use(x: Value, parts: readonly Value[], shape: Shape, bias?: Value): Value
}

function narrow(
  precision: 'fp16' | 'bf16',
  dtype: 'float16' | 'bfloat16',
  convert: (x: Float32Array) => Uint16Array,
) {
  const form = (use: Form['use']): Form => ({
    precision,
    byRows: true,
    parts: (shape) => [{ suffix: precision, dtype, shape }],
    convert: (rows) => [convert(rows)],
    use,
  })
  return {
    matrix: form((x, [weight], _, bias) => linear(x, cast(weight, 'float32'), bias)),
    table: form((ids, [table]) => cast(embedding(table, ids), 'float32')),
  }
}

const blocksOf = (width: number) => Math.ceil(width / INT4_BLOCK)

const int4 = (codes: (shape: Shape) => Shape, use: Form['use']): Form => ({
  precision: 'int4',
  byRows: true,
  parts: (shape) => [
    { suffix: 'int4', dtype: 'uint8', shape: codes(shape) },
    { suffix: 'scales', dtype: 'float32', shape: [shape[0], blocksOf(shape[1])] },
  ],
  convert: (rows, width) => {
    const { codes, scales } = toInt4(rows, width)
    return [codes, scales]
  },
  use,
})

const int8Table: Form = {
  precision: 'int8',
  byRows: true,
  parts: ([rows, width]) => [
    { suffix: 'int8', dtype: 'int8', shape: [rows, width] },
    { suffix: 'scales', dtype: 'float32', shape: [rows] },
  ],
  convert: (rows, width) => {
    const { codes, scales } = toInt8(rows, width)
    return [codes, scales]
  },
  use: (ids, [codes, scales]) => int8Embedding(codes, scales, ids),
}

const int8Matrix: Form = {
  ...int8Table,
  byRows: false,
  // The kernel wants [in, out]; torch has [out, in].
  parts: ([rows, width]) => [
    { suffix: 'int8', dtype: 'int8', shape: [width, rows] },
    { suffix: 'scales', dtype: 'float32', shape: [rows] },
  ],
  convert: (rows, width) => {
    const { codes, scales } = toInt8(rows, width)
    return [transposeCodes(codes, width), scales]
  },
  use: (x, [codes, scales], _, bias) => int8Linear(x, codes, scales, bias),
}

const forms: Record<WeightPrecision, Record<WeightRole, Form>> = {
  fp16: narrow('fp16', 'float16', toFloat16),
  bf16: narrow('bf16', 'bfloat16', toBFloat16),
  int8: { matrix: int8Matrix, table: int8Table },
  int4: {
    matrix: int4(
      ([rows, width]) => [rows, blocksOf(width), INT4_BLOCK / 2],
      (x, [codes, scales], [, width], bias) => int4Linear(x, codes, scales, width, bias),
    ),
    table: int4(
      ([rows, width]) => [rows, width / 2],
      (ids, [codes, scales]) => int4Embedding(codes, scales, ids),
    ),
  },
}

/** The form of a weight; tables whose rows are no whole number of 4-bit blocks are kept in 8 bits. */
export function formOf(precision: WeightPrecision, role: WeightRole, [, width]: Shape): Form {
  const ragged = precision === 'int4' && role === 'table' && width % INT4_BLOCK !== 0
  return forms[ragged ? 'int8' : precision][role]
}
