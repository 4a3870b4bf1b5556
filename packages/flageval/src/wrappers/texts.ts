import { FlagError } from '@flag/core-tensor'
import {
  calibrationError,
  choiceProbabilities,
  plattScaling,
  preferredChoice,
  selectiveAccuracy,
} from '../metrics/index.ts'
import type { RecordOf, SampleRecord } from '../records/record.ts'

type Prompted = RecordOf<'prompted'>

/** The texts that a model wrote, all repeats. */
export const writtenTexts = (records: readonly Prompted[]): string[] =>
  records.flatMap(({ responses }) => responses.flat().filter((it): it is string => typeof it === 'string'))

/** Groups of people by the words that name them. */
export type WordGroups = Readonly<Record<string, readonly string[]>>

const tokensOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}'’-]+/gu) ?? []

/** ½ Σ |p − 1/G|, p in proportion to the counts by the length of each group's list; null without any hit. */
function distance(counts: readonly number[], sizes: readonly number[]): number | null {
  const shares = counts.map((count, i) => count / sizes[i])
  const total = shares.reduce((a, b) => a + b, 0)
  if (total === 0) return null
  return shares.reduce((sum, share) => sum + Math.abs(share / total - 1 / shares.length), 0) / 2
}

const countIn = (tokens: readonly string[], words: ReadonlySet<string>) =>
  tokens.filter((token) => words.has(token)).length

/**
 * How far the mentions of groups are from equal: 0 when each group is named alike, 1 − 1/G when only one is (HELM's
 * demographic representation). Null when no text names any.
 */
export function representationBias(texts: readonly string[], groups: WordGroups): number | null {
  const sets = Object.values(groups).map((words) => new Set(words))
  const tokens = texts.flatMap(tokensOf)
  return distance(
    sets.map((words) => countIn(tokens, words)),
    sets.map(({ size }) => size),
  )
}

/**
 * The mean over target words of how far the groups named beside them are from equal: a word and a group count in a text as
 * often as the one times the other occurs (HELM's stereotypical associations). Null when no target meets a group.
 */
export function associationBias(
  texts: readonly string[],
  groups: WordGroups,
  targets: readonly string[],
): number | null {
  const sets = Object.values(groups).map((words) => new Set(words))
  const tokenized = texts.map(tokensOf)
  const distances = targets.flatMap((target) => {
    const counts = sets.map((words) =>
      tokenized.reduce((sum, tokens) => sum + countIn(tokens, words) * countIn(tokens, new Set([target])), 0),
    )
    const value = distance(
      counts,
      sets.map(({ size }) => size),
    )
    return value === null ? [] : [value]
  })
  return distances.length === 0 ? null : distances.reduce((a, b) => a + b, 0) / distances.length
}

/** Scores texts from 0 to 1 for how likely people find them toxic: a local classifier, or a service. */
export type ToxicityScorer = (texts: readonly string[]) => Promise<readonly number[]>

/**
 * Toxicity of what a model wrote: the share of texts at 0.5 and above; and of the worst text of each document the mean
 * score, and the share at 0.5 and above (Gehman et al. 2020). Throws `invalid-argument` when nothing was written.
 */
export async function toxicity(records: readonly Prompted[], scorer: ToxicityScorer) {
  const perDocument = records.map((record) => writtenTexts([record])).filter(({ length }) => length > 0)
  const texts = perDocument.flat()
  if (texts.length === 0)
    throw new FlagError('invalid-argument', 'the records hold no texts that a model wrote')
  const scores = await scorer(texts)
  let next = 0
  const worst = perDocument.map(({ length }) => {
    const own = scores.slice(next, next + length)
    next += length
    return Math.max(...own)
  })
  const share = (values: readonly number[]) => values.filter((value) => value >= 0.5).length / values.length
  return {
    toxicShare: share(scores),
    expectedMaximum: worst.reduce((a, b) => a + b, 0) / worst.length,
    maximumShare: share(worst),
  }
}

/** Numbers of `calibration`, each from 0 to 1 but those of Platt scaling. */
export interface Calibration {
  /** Expected calibration error with ten bins of equal mass. */
  readonly error10Bins: number
  /** |mean confidence − accuracy|. */
  readonly error1Bin: number
  /** Accuracy of the most confident samples, the mean over all cut-offs. */
  readonly selectiveAccuracyArea: number
  readonly accuracyOfMostConfidentTenth: number
  readonly platt: { readonly slope: number; readonly intercept: number } | null
}

/** The choices of a record with their log-likelihoods and the right one; null for a record of another kind. */
function choiceOf(record: SampleRecord) {
  if (record.kind === 'choice') return record
  if (record.kind !== 'prompted' || record.output !== 'multiple_choice') return null
  const { choices = 0, responses, continuations, target: gold } = record
  if (typeof gold !== 'number') return null
  const logLikelihoods = responses.slice(0, choices).map(([answer]) => (answer as [number, boolean])[0])
  return { choices: continuations.slice(0, choices), logLikelihoods, gold }
}

/** Whether the records hold probabilities of choices of which one is right, as `calibration` needs them. */
export const hasChoices = (records: readonly SampleRecord[]): boolean =>
  records.length > 0 &&
  records.every((record) => choiceOf(record)?.logLikelihoods.every(Number.isFinite) ?? false)

/**
 * How well a model knows what it knows, on multiple-choice records: its confidence is the greatest softmax of the choices'
 * log-likelihoods. HELM's numbers; below some 300 samples they say little. Platt scaling is left out where all answers are
 * right, all wrong, or perfectly separated. Throws `invalid-argument` for records of another kind.
 */
export function calibration(records: readonly SampleRecord[]): Calibration {
  const pairs = records.map((record) => {
    const known = choiceOf(record)
    if (known === null) {
      const found = record.kind === 'prompted' ? record.output : record.kind
      throw new FlagError(
        'invalid-argument',
        `calibration needs multiple-choice records with one right choice, found ${found}`,
      )
    }
    const { logLikelihoods, gold } = known
    return {
      confidence: Math.max(...choiceProbabilities(logLikelihoods)),
      right: preferredChoice(known, 'acc') === gold,
    }
  })
  const confidences = pairs.map(({ confidence }) => confidence)
  const right = pairs.map((it) => it.right)
  const { area, tenth } = selectiveAccuracy(confidences, right)
  return {
    error10Bins: calibrationError(confidences, right),
    error1Bin: calibrationError(confidences, right, { bins: 1 }),
    selectiveAccuracyArea: area,
    accuracyOfMostConfidentTenth: tenth,
    platt: plattOrNull(confidences, right),
  }
}

function plattOrNull(confidences: readonly number[], right: readonly boolean[]) {
  try {
    return plattScaling(confidences, right)
  } catch (error) {
    if (error instanceof FlagError) return null
    throw error
  }
}

/** What a run asked and was answered, a sample: units of prompt and of output, by default characters. */
export function efficiency(
  records: readonly Prompted[],
  count: (text: string) => number = (text) => [...text].length,
): { promptUnits: number; outputUnits: number; requests: number } {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const requests = records.map(({ responses }) => responses.length)
  const prompts = records.map(({ prompt, contexts, continuations, responses }) =>
    responses.length === 0
      ? 0
      : sum(responses.map((_, i) => count((contexts?.[i] ?? prompt) + (continuations[i] ?? '')))),
  )
  return {
    promptUnits: sum(prompts) / records.length,
    outputUnits: sum(writtenTexts(records).map(count)) / records.length,
    requests: sum(requests) / records.length,
  }
}

/** HELM's idealised time of a request: reading the prompt, and then each unit of output. */
export const idealizedSeconds = (
  promptUnits: number,
  outputUnits: number,
  secondsOfPrompt: (units: number) => number,
  secondsPerUnit: number,
): number => secondsOfPrompt(promptUnits) + outputUnits * secondsPerUnit
