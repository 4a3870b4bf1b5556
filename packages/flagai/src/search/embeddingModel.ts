import type { FlagError, Tensor } from '@flag/core-tensor'
import type { ImageInput } from '../preprocess/index.ts'

/** A picture with its vector, or with what was wrong with it. */
export type EmbeddedImage<I extends ImageInput = ImageInput> =
  | { readonly image: I; readonly vector: Float32Array; readonly error?: undefined }
  | { readonly image: I; readonly vector?: undefined; readonly error: FlagError }

/** What searching needs of a model: texts and pictures as vectors of one space. `AltCLIP` is one. */
export interface EmbeddingModel {
  /** Float32 `[texts, dimension]`, each row of length 1. */
  encodeText(texts: string[]): Promise<Tensor<'float32'>>
  /** Float32 `[images, dimension]`, each row of length 1. */
  encodeImage(images: ImageInput[]): Promise<Tensor<'float32'>>
  /** Vectors of length 1 one by one, in the order of the pictures; errors in the places of those that cannot be read. */
  encodeImageStream<I extends ImageInput>(
    images: Iterable<I> | AsyncIterable<I>,
  ): AsyncIterable<EmbeddedImage<I>>
  dispose(): Promise<void>
  /** Languages whose texts the model understands, as ISO 639-1 codes. */
  readonly languages?: readonly string[]
  /** What cosine similarities are multiplied with before a softmax. */
  readonly logitScale?: number
}
