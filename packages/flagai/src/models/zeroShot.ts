import { FlagError, type Tensor } from '@flag/core-tensor'
import type { ImageInput } from '../preprocess/index.ts'
import type { ZeroShotOptions, ZeroShotScore } from './altclip/altclip.ts'
import { cosineSimilarity, meanOfRows, softmax } from './vectors.ts'

interface DualEncoder {
  readonly logitScale: number
  encodeImage(image: ImageInput): Promise<Tensor<'float32'>>
  encodeText(texts: readonly string[]): Promise<Tensor<'float32'>>
}

/**
 * How probable each label is for a picture, among these labels, the most probable first (Radford et al. 2021, section
 * 3.1): the softmax of scaled similarities. Throws `invalid-argument` without labels, or for a template without `{}`.
 */
export async function zeroShotScores(
  model: DualEncoder,
  image: ImageInput,
  labels: readonly string[],
  { templates = ['{}'] }: ZeroShotOptions = {},
): Promise<ZeroShotScore[]> {
  if (labels.length === 0) throw new FlagError('invalid-argument', 'zeroShot needs at least one label')
  const bare = templates.length === 0 ? '' : templates.find((template) => !template.includes('{}'))
  if (bare !== undefined) {
    throw new FlagError('invalid-argument', `zeroShot: the template "${bare}" has no {} for the label`)
  }
  const prompts = labels.flatMap((label) => templates.map((template) => template.replaceAll('{}', label)))
  const [picture, texts] = await Promise.all([model.encodeImage(image), model.encodeText(prompts)])
  const cosines = cosineSimilarity(picture, meanOfRows(texts, templates.length))
  const probabilities = softmax(Array.from(cosines.data, (cosine) => model.logitScale * cosine))
  return labels
    .map((label, i) => ({ label, probability: probabilities[i] }))
    .sort((a, b) => b.probability - a.probability)
}
