import { FlagError, Tensor } from '@flag/core-tensor'
import {
  bestOf,
  bitsPerByte,
  brierScore,
  bytePerplexity,
  type ChoiceRule,
  clipScoreOf,
  distanceThresholds,
  exactMatch,
  frechetDistance,
  gaussianOf,
  kernelDistance,
  meanAveragePrecision,
  meanPerClassRecall,
  passAtK,
  perplexity,
  preferredChoice,
  prefersTrueCaption,
  quasiExactMatch,
  refClipScoreOf,
  tokenF1,
  winoground,
  wordPerplexity,
} from '../metrics/index.ts'
import type { RecordKind, RecordOf, SampleRecord } from '../records/record.ts'

/** A number that records of one kind give. */
export interface Metric<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly higherIsBetter: boolean
  /** Where the metric is a mean: the value of one sample, null where it does not look at the sample. */
  each?(record: RecordOf<K>): number | null
  /** Where it is not: the value of the samples at some places, with repetition. */
  of?(records: readonly RecordOf<K>[]): (places: ArrayLike<number>) => number
  /** How the interval of `of` is made. Default: a bootstrap. */
  readonly interval?: 'jackknife'
  /** What guessing gives on these samples; null where that has no meaning. */
  chance(records: readonly RecordOf<K>[]): number | null
  /** What the answer gives that is right most often, where all samples have the same candidates. */
  majority?(records: readonly RecordOf<K>[]): number
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length
const pick = <T>(records: readonly T[], places: ArrayLike<number>) => Array.from(places, (at) => records[at])

/** The share of the most frequent of some labels. */
function mostFrequent(labels: readonly (string | number)[]): number {
  const counts = new Map<string | number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Math.max(...counts.values()) / labels.length
}

type Ranked = RecordOf<'retrieval'> | RecordOf<'classification'> | RecordOf<'bitext'>

/** Ties count against the model. */
const hit = ({ better, equal }: Ranked, k: number) => Number(better + equal < k)
/** The chance that a random order puts one of the right candidates among the first k. */
const luckyHit = ({ candidates, right }: Ranked, k: number) =>
  passAtK(candidates, right, Math.min(k, candidates))

type Direction = RecordOf<'retrieval'>['direction']

function recall(direction: Direction, k: number): Metric<'retrieval'> {
  const asked = (record: RecordOf<'retrieval'>) => record.direction === direction
  return {
    kind: 'retrieval',
    higherIsBetter: true,
    each: (record) => (asked(record) ? hit(record, k) : null),
    chance: (records) => mean(records.filter(asked).map((record) => luckyHit(record, k))),
  }
}

const DEPTHS = [1, 5, 10]

/** The mean of the six recalls: each direction weighs one half, whatever its number of samples. */
const meanRecall: Metric<'retrieval'> = {
  kind: 'retrieval',
  higherIsBetter: true,
  of: (records) => {
    const hits = records.map((record) => mean(DEPTHS.map((k) => hit(record, k))))
    const texts = records.map((record) => record.direction === 'text-to-image')
    return (places) => {
      const sums = [0, 0]
      const counts = [0, 0]
      for (let i = 0; i < places.length; i++) {
        const side = texts[places[i]] ? 0 : 1
        sums[side] += hits[places[i]]
        counts[side]++
      }
      return (sums[0] / counts[0] + sums[1] / counts[1]) / 2
    }
  },
  chance: (records) => {
    const side = (direction: Direction) =>
      mean(DEPTHS.map((k) => recall(direction, k).chance(records) as number))
    return (side('text-to-image') + side('image-to-text')) / 2
  },
}

function accuracyAt(k: number): Metric<'classification'> {
  return {
    kind: 'classification',
    higherIsBetter: true,
    each: (record) => hit(record, k),
    chance: (records) => mean(records.map((record) => luckyHit(record, k))),
    ...(k === 1 && { majority: (records) => mostFrequent(records.map(({ gold }) => gold[0])) }),
  }
}

/** The share of answers not farther away than so many kilometres. */
function within(limit: number): Metric<'classification'> {
  return {
    kind: 'classification',
    higherIsBetter: true,
    each: ({ kilometres, better, equal }) =>
      kilometres === undefined ? null : Number(!(better === 0 && equal > 0) && kilometres.answer <= limit),
    chance: (records) =>
      mean(
        records.flatMap(({ kilometres }) =>
          kilometres ? [mean(kilometres.candidates.map((km) => Number(km <= limit)))] : [],
        ),
      ),
  }
}

/** Both directions count alike. */
const translationRecall = (k: number): Metric<'bitext'> => ({
  kind: 'bitext',
  higherIsBetter: true,
  each: (record) => hit(record, k),
  chance: (records) => mean(records.map((record) => luckyHit(record, k))),
})

function pair(key: 'text' | 'image' | 'group', chance: number): Metric<'pair'> {
  return {
    kind: 'pair',
    higherIsBetter: true,
    each: ({ scores }) => Number(winoground(scores)[key]),
    chance: () => chance,
  }
}

function choice(rule: ChoiceRule): Metric<'choice'> {
  return {
    kind: 'choice',
    higherIsBetter: true,
    each: (record) => Number(preferredChoice(record, rule) === record.gold),
    chance: (records) => mean(records.map(({ choices }) => 1 / choices.length)),
    majority: (records) => mostFrequent(records.map(({ gold }) => gold)),
  }
}

function likelihood(value: typeof bitsPerByte): Metric<'likelihood'> {
  return {
    kind: 'likelihood',
    higherIsBetter: false,
    of: (records) => (places) => value(pick(records, places)),
    chance: () => null,
  }
}

function answer(measure: typeof tokenF1 | typeof exactMatch): Metric<'answer'> {
  return {
    kind: 'answer',
    higherIsBetter: true,
    each: (record) => bestOf(measure, record.answer, record.references),
    chance: () => null,
  }
}

function meanPrecision(variant: 'every positive' | '11-point'): Metric<'multi-label'> {
  return {
    kind: 'multi-label',
    higherIsBetter: true,
    of: (records) => (places) => {
      const chosen = pick(records, places)
      return meanAveragePrecision(
        chosen.map(({ scores }) => scores),
        chosen.map(({ gold }) => gold),
        variant,
      )
    },
    chance: () => null,
  }
}

/** A distance of the vectors of drawn pictures from those of real ones. */
function distance(measure: (a: Tensor<'float32'>, b: Tensor<'float32'>) => number): Metric<'feature'> {
  return {
    kind: 'feature',
    higherIsBetter: false,
    interval: 'jackknife',
    of: (records) => {
      const vectors = records.map(({ vector }) => vectorOf(vector))
      return (places) => {
        const side = (set: 'drawn' | 'real') => {
          const rows = Array.from(places).filter((at) => records[at].set === set)
          const width = vectors[rows[0]].length
          const data = new Float32Array(rows.length * width)
          rows.forEach((at, i) => void data.set(vectors[at], i * width))
          return new Tensor('float32', [rows.length, width], data)
        }
        return measure(side('drawn'), side('real'))
      }
    },
    chance: () => null,
  }
}

function vectorOf(base64: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer, 0, bytes.byteLength / 4)
}

/** All metrics, by the names that their fields use. */
export const metrics = {
  ...Object.fromEntries(
    DEPTHS.flatMap((k) => [
      [`IR@${k}`, recall('text-to-image', k)],
      [`TR@${k}`, recall('image-to-text', k)],
    ]),
  ),
  MR: meanRecall,
  acc1: accuracyAt(1),
  acc5: accuracyAt(5),
  mean_per_class_recall: {
    kind: 'classification',
    higherIsBetter: true,
    of: (records) => {
      const right = records.map((record) => hit(record, 1) === 1)
      return (places) =>
        meanPerClassRecall(
          Array.from(places, (at) => records[at].gold[0]),
          pick(right, places),
        )
    },
    chance: (records) => mean(records.map((record) => luckyHit(record, 1))),
  } satisfies Metric<'classification'>,
  ...Object.fromEntries(distanceThresholds.map((km) => [`within_${km}km`, within(km)])),
  'bitext@1': translationRecall(1),
  'bitext@5': translationRecall(5),
  mAP: meanPrecision('every positive'),
  mAP_11_point: meanPrecision('11-point'),
  text: pair('text', 1 / 4),
  image: pair('image', 1 / 4),
  group: pair('group', 1 / 6),
  foil_accuracy: {
    kind: 'foil',
    higherIsBetter: true,
    each: ({ right, wrong }) => Number(prefersTrueCaption(right, wrong)),
    chance: (records) => mean(records.map(({ wrong }) => 1 / (1 + wrong.length))),
  } satisfies Metric<'foil'>,
  acc: choice('acc'),
  acc_norm: choice('acc_norm'),
  acc_bytes: choice('acc_bytes'),
  acc_mutual_info: choice('acc_mutual_info'),
  brier_score: {
    kind: 'choice',
    higherIsBetter: false,
    each: ({ logLikelihoods, gold }) => brierScore(logLikelihoods, gold),
    chance: (records) => mean(records.map(({ choices }) => 1 - 1 / choices.length)),
  } satisfies Metric<'choice'>,
  bits_per_byte: likelihood(bitsPerByte),
  byte_perplexity: likelihood(bytePerplexity),
  word_perplexity: likelihood(wordPerplexity),
  exact_match: answer(exactMatch),
  quasi_exact_match: answer(quasiExactMatch),
  f1: answer(tokenF1),
  perplexity: {
    kind: 'continuation',
    higherIsBetter: false,
    of: (records) => (places) => perplexity(pick(records, places)),
    chance: () => null,
  } satisfies Metric<'continuation'>,
  greedy_acc: {
    kind: 'continuation',
    higherIsBetter: true,
    each: ({ greedy }) => Number(greedy),
    chance: () => null,
  } satisfies Metric<'continuation'>,
  CLIPScore: {
    kind: 'clip-score',
    higherIsBetter: true,
    each: ({ cosine }) => clipScoreOf(cosine),
    // Not of guessing, but of a picture and a caption that do not belong together.
    chance: (records) => mean(records.map(({ other }) => clipScoreOf(other))),
  } satisfies Metric<'clip-score'>,
  RefCLIPScore: {
    kind: 'clip-score',
    higherIsBetter: true,
    each: ({ cosine, reference }) => (reference === undefined ? null : refClipScoreOf(cosine, reference)),
    chance: () => null,
  } satisfies Metric<'clip-score'>,
  FID: distance((a, b) => frechetDistance(gaussianOf(a), gaussianOf(b))),
  KID: distance(kernelDistance),
  ...Object.fromEntries(
    [1, 5, 10, 100].map((k) => [
      `pass@${k}`,
      {
        kind: 'code',
        higherIsBetter: true,
        each: ({ samples, correct }) => passAtK(samples, correct, k),
        chance: () => null,
      } satisfies Metric<'code'>,
    ]),
  ),
} as unknown as Readonly<Record<string, Metric>>

/** The metric of a name, for records of a kind. Throws `invalid-argument`. */
export function metricOf(name: string, kind: RecordKind): Metric {
  const metric = metrics[name] as Metric | undefined
  if (metric?.kind === kind) return metric
  const fitting = Object.keys(metrics).filter((key) => metrics[key].kind === kind)
  throw new FlagError('invalid-argument', `"${name}" is no metric of ${kind} samples`, {
    hint: `choose of ${fitting.join(', ')}`,
  })
}

/** The records' kind. Throws `invalid-argument` for none and for mixed kinds. */
export function kindOf(records: readonly SampleRecord[]): RecordKind {
  const kinds = new Set(records.map(({ kind }) => kind))
  if (kinds.size !== 1) {
    throw new FlagError('invalid-argument', `samples of ${kinds.size} kinds (${[...kinds]}), expected one`)
  }
  return records[0].kind
}

/** Whether a metric is a share of 1, shown in percent; perplexities, bits, Brier and text scores are none. */
export const isShare = (metric: string): boolean =>
  !/perplexity|bits|brier|bleu|chrf|ter\b|length|spread|CLIPScore|FID|KID/.test(metric)
