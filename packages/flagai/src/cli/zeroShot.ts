import { FlagError } from '@flag/core-tensor'
import { columns, printJson } from '@flag/core-tensor/terminal'
import { softmax } from '../models/vectors.ts'
import { type Context, type ModelChoice, withModel } from './context.ts'

export interface ZeroShotOptions extends ModelChoice {
  labels: string[]
  template: string
  json?: boolean
}

/** CLIP's learned scale is capped at 100, and trained models sit at the cap. */
const USUAL_SCALE = 100

/** `flagai zero-shot`: how likely each label is, among those given, for each picture. */
export async function zeroShot(
  context: Context,
  images: readonly string[],
  options: ZeroShotOptions,
): Promise<void> {
  const labels = options.labels
    .flatMap((label) => label.split(','))
    .map((label) => label.trim())
    .filter(Boolean)
  if (labels.length === 0)
    throw new FlagError('invalid-argument', 'no labels', { hint: 'give --labels cat,dog' })
  if (!options.template.includes('{}')) {
    throw new FlagError('invalid-argument', `the template "${options.template}" has no {} for the label`)
  }
  await withModel(context, options, async ({ model, name }) => {
    const texts = await model.encodeText(labels.map((label) => options.template.replaceAll('{}', label)))
    const pictures = await model.encodeImage([...images])
    const scale = model.logitScale ?? USUAL_SCALE
    const results = images.map((image, i) => {
      const vector = pictures.row(i).data
      const logits = labels.map((_, j) => {
        const text = texts.row(j).data
        return scale * text.reduce((sum, value, k) => sum + value * vector[k], 0)
      })
      const probabilities = softmax(logits)
      const scores = labels.map((label, j) => ({ label, probability: probabilities[j] }))
      return { image, scores: scores.sort((a, b) => b.probability - a.probability) }
    })
    if (options.json) {
      printJson(context.terminal, { model: name, results })
      return
    }
    for (const { image, scores } of results) {
      if (images.length > 1) context.terminal.out(`${image}\n`)
      const rows = scores.map(({ label, probability }) => [`${(100 * probability).toFixed(1)} %`, label])
      context.terminal.out(`${columns(rows, (i) => i === 0)}\n`)
    }
  })
}
