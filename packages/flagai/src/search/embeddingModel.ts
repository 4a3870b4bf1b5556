import type { Tensor } from '@flag/core-tensor'
import type { ImageInput } from '../preprocess/index.ts'

/** What searching needs of a model: texts and pictures as vectors of one space. `AltCLIP` is one. */
export interface EmbeddingModel {
  /** Float32 `[texts, dimension]`, each row of length 1. */
  encodeText(texts: string[]): Promise<Tensor<'float32'>>
  /** Float32 `[images, dimension]`, each row of length 1. */
  encodeImage(images: ImageInput[]): Promise<Tensor<'float32'>>
  dispose(): Promise<void>
  /** Languages whose texts the model understands, as ISO 639-1 codes. */
  readonly languages?: readonly string[]
  /** What cosine similarities are multiplied with before a softmax. */
  readonly logitScale?: number
}
