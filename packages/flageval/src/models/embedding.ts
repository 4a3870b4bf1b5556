import type { Tensor } from '@flag/core-tensor'

/** A picture: the path of its file, or the bytes of one. */
export type PictureInput = string | Uint8Array

/** What evaluation needs of an image-text model. */
export interface EmbeddingModel {
  /** Under this name its scores are shown. */
  readonly name: string
  /** Changes whenever the vectors could: weights, preprocessing, numeric type. The cache is keyed by it. */
  readonly fingerprint: string
  /** Float32 `[texts, E]`. */
  encodeText(texts: string[]): Promise<Tensor<'float32'>>
  /** Float32 `[pictures, E]`, of the same E. */
  encodeImage(pictures: PictureInput[]): Promise<Tensor<'float32'>>
  dispose(): Promise<void>
}
