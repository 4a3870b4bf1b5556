import type { NumericDType } from '../tensor/dtype.ts'
import type { Shape, Tensor } from '../tensor/tensor.ts'

/** A tensor in a checkpoint, described without reading it. */
export interface StoredTensor {
  readonly name: string
  readonly dtype: NumericDType
  readonly shape: Shape
  /** Where its raw, contiguous, row-major, little-endian bytes lie; absent when they lie in another form. */
  readonly source?: { readonly path: string; readonly offset: number; readonly byteLength: number }
}

/** Named tensors in one or several files, opened lazily. */
export interface Checkpoint {
  readonly names: readonly string[]
  has(name: string): boolean
  /** Throws `not-found` for an unknown name. */
  info(name: string): StoredTensor
  read(name: string): Promise<Tensor>
  close(): Promise<void>
}
