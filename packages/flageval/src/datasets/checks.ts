import { FlagError } from '@flag/core-tensor'
import type { Dataset } from './dataset.ts'

/** Scripts that a language is written in; a language that is not here is written in Latin letters. */
const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{sc=Arab}/u,
  el: /\p{sc=Grek}/u,
  hi: /\p{sc=Deva}/u,
  ja: /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u,
  ko: /[\p{sc=Hang}]/u,
  ru: /\p{sc=Cyrl}/u,
  zh: /\p{sc=Han}/u,
}
const KNOWN = new Set([...Object.keys(SCRIPTS), ...['en', 'es', 'fr', 'it', 'de', 'pt', 'pl', 'cs', 'tr']])

/** The share of texts, of those with letters, without one of the language's script; null where no script is known. */
export function foreignShare(language: string, texts: readonly string[]): number | null {
  const written = texts.filter((text) => /\p{L}/u.test(text))
  if (!KNOWN.has(language) || written.length === 0) return null
  const script = SCRIPTS[language] ?? /\p{sc=Latn}/u
  return written.filter((text) => !script.test(text)).length / written.length
}

const doubles = (texts: readonly string[]) => texts.length - new Set(texts).size

/**
 * What is odd about a data set's texts: templates or class names that occur twice (an ensemble would weigh them double,
 * a class could not be told from another), and texts in another script than the language's. Throws `invalid-argument`
 * for a template without its slot `{c}`.
 */
export function warningsOf(data: Dataset, language: string): string[] {
  if (data.kind === 'episodes')
    return [...new Set(data.episodes.flatMap((episode) => warningsOf(episode.data, language)))]
  const warnings: string[] = []
  if (data.kind === 'classification' || data.kind === 'multi-label') {
    const { templates, classes } = data
    const broken = templates.find((template) => !template.includes('{c}'))
    if (broken !== undefined) {
      throw new FlagError('invalid-argument', `${language}: the template "${broken}" has no slot {c}`, {
        hint: 'the slot is a Latin c in braces',
      })
    }
    const repeated = doubles(templates)
    if (repeated > 0) warnings.push(`${repeated} of ${templates.length} templates are repeated`)
    const same = doubles(classes.map(({ name }) => name))
    if (same > 0) warnings.push(`${same} of ${classes.length} class names are repeated`)
    const strange = foreignShare(
      language,
      templates.map((template) => template.replaceAll('{c}', '')),
    )
    if (strange !== null && strange > 0.5)
      warnings.push(`${percent(strange)} of the templates are not in the script of "${language}"`)
  }
  const share = foreignShare(language, textsOf(data))
  if (share !== null && share > 0.2)
    warnings.push(`${percent(share)} of the texts are not in the script of "${language}"`)
  return warnings
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`

function textsOf(data: Exclude<Dataset, { kind: 'episodes' }>): string[] {
  switch (data.kind) {
    case 'retrieval':
      return data.captions.map(({ text }) => text)
    case 'classification':
    case 'multi-label':
      return data.classes.map(({ name }) => name)
    case 'pair':
      return data.samples.flatMap(({ captions }) => captions)
    case 'foil':
      return data.samples.map(({ right }) => right)
    case 'bitext':
      return data.sentences.map(({ text }) => text)
    case 'likelihood':
      return data.texts.map(({ text }) => text)
    case 'continuation':
      return data.samples.map(({ context }) => context)
    case 'prompts':
      return data.prompts.map(({ text }) => text)
    // Of questions, what surrounds them may be in another language than what they ask about.
    case 'probe':
    case 'choice':
    case 'answer':
    case 'code':
      return []
  }
}
