import { type FlagError, Tensor } from '@flag/core-tensor'
import { decode, type ImageInput } from '../../preprocess/index.ts'
import type { EmbeddedImage, EmbeddingModel } from '../embeddingModel.ts'

const words: Record<string, [number, number, number]> = {
  red: [1, 0, 0],
  rouge: [1, 0, 0],
  红: [1, 0, 0],
  green: [0, 1, 0],
  зелёный: [0, 1, 0],
  blue: [0, 0, 1],
  أزرق: [0, 0, 1],
}

function rowsOf(vectors: (readonly number[])[]): Tensor<'float32'> {
  const rows = vectors.map((vector) => {
    const length = Math.hypot(...vector) || 1
    return vector.map((value) => value / length)
  })
  return new Tensor('float32', [rows.length, 3], Float32Array.from(rows.flat()))
}

/** A model for tests: a picture is its mean colour, a text is the colours it names. */
export class ColourModel implements EmbeddingModel {
  readonly languages = ['en', 'fr', 'zh', 'ru', 'ar']
  images = 0
  disposed = false

  async encodeText(texts: string[]): Promise<Tensor<'float32'>> {
    return rowsOf(
      texts.map((text) => {
        const named = Object.keys(words).filter((word) => text.includes(word))
        return [0, 1, 2].map((c) => named.reduce((sum, word) => sum + words[word][c], 0))
      }),
    )
  }

  async encodeImage(images: ImageInput[]): Promise<Tensor<'float32'>> {
    const pictures = await Promise.all(images.map((image) => decode(image)))
    this.images += images.length
    return rowsOf(
      pictures.map(({ data }) =>
        [0, 1, 2].map((c) => data.reduce((sum, byte, i) => sum + (i % 3 === c ? byte : 0), 0) / data.length),
      ),
    )
  }

  async *encodeImageStream<I extends ImageInput>(
    images: Iterable<I> | AsyncIterable<I>,
  ): AsyncGenerator<EmbeddedImage<I>> {
    for await (const image of images) {
      try {
        yield { image, vector: (await this.encodeImage([image])).row(0).data }
      } catch (error) {
        yield { image, error: error as FlagError }
      }
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true
  }
}
