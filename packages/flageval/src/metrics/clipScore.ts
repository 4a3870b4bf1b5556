import type { Tensor } from '@flag/core-tensor'
import { unitRows } from './ranking.ts'

/** What the text of a caption begins with where its score is worked out (Hessel et al. 2021). */
export const clipScorePrompt = 'A photo depicts '

const dotRows = (a: Tensor<'float32'>, i: number, b: Tensor<'float32'>, j: number) => {
  const width = a.shape[1]
  let sum = 0
  for (let k = 0; k < width; k++) sum += a.data[i * width + k] * b.data[j * width + k]
  return sum
}

/** CLIPScore of a cosine of picture and caption: 2.5 · max(cos, 0). */
export const clipScoreOf = (cosine: number): number => 2.5 * Math.max(cosine, 0)

/** RefCLIPScore: the harmonic mean of CLIPScore and the best cosine of the caption and a reference. */
export function refClipScoreOf(cosine: number, reference: number): number {
  const score = clipScoreOf(cosine)
  return score + reference === 0 ? 0 : (2 * score * reference) / (score + reference)
}

/**
 * CLIPScore of each picture and its caption: 2.5 · max(cos, 0). The vectors of captions are those of their texts behind
 * `clipScorePrompt`. Name the model with the score: numbers of two models do not compare.
 *
 * @param images float32 `[n, E]`
 * @param captions float32 `[n, E]`
 */
export function clipScores(images: Tensor<'float32'>, captions: Tensor<'float32'>): number[] {
  const [x, y] = [unitRows(images), unitRows(captions)]
  return Array.from({ length: x.shape[0] }, (_, i) => clipScoreOf(dotRows(x, i, y, i)))
}

/**
 * RefCLIPScore: the harmonic mean of CLIPScore and the best cosine between the caption and its references, which is not
 * cut at 0, as in the authors' code.
 *
 * @param references for each caption the vectors of its references, float32 `[m, E]`
 */
export function refClipScores(
  images: Tensor<'float32'>,
  captions: Tensor<'float32'>,
  references: readonly Tensor<'float32'>[],
): number[] {
  const [x, unit] = [unitRows(images), unitRows(captions)]
  return references.map((list, i) => {
    const own = unitRows(list)
    const cosines = Array.from({ length: own.shape[0] }, (_, j) => dotRows(unit, i, own, j))
    return refClipScoreOf(dotRows(x, i, unit, i), Math.max(...cosines))
  })
}
