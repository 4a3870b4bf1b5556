import { Generator } from '@flag/core-tensor'
import { exponential, shuffle, uniformBelow } from './random.ts'
import type { EffectiveSettings } from './settings.ts'

/** Samples that are in memory together. `distributionEnd` leaves out the padding that MultiStream needs. */
export interface LoadableSet {
  readonly samples: readonly number[]
  readonly distributionEnd: number
}

/** A query to be issued: indices of samples, and for Server when, in nanoseconds after the start. */
export interface PlannedQuery {
  readonly samples: readonly number[]
  readonly scheduledNs: number
}

/** Queries in the order in which they are issued. */
export interface QueryPlan {
  readonly queries: readonly PlannedQuery[]
  readonly samplesPerQuery: number
  /** When a query after the last would be scheduled, in nanoseconds. */
  readonly durationNs: number
}

/** Range of numbers up to n. */
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/**
 * Random sets of samples. A timed run uses only the first; it is drawn from the first `performanceSampleCount` samples
 * of the library.
 */
export function loadableSets(settings: EffectiveSettings, totalSampleCount: number): LoadableSet[] {
  const wanted =
    settings.mode === 'AccuracyOnly' ? settings.accuracySampleCount : settings.performanceSampleCount
  const samples = upTo(Math.min(wanted, totalSampleCount))
  shuffle(samples, new Generator(settings.requested.qslRngSeed))
  const padding = settings.scenario === 'MultiStream' ? settings.samplesPerQuery - 1 : 0
  const size = settings.performanceSampleCount
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, i) => {
    const set = samples.slice(i * size, (i + 1) * size)
    const distributionEnd = set.length
    // The start of a query is drawn from the set; contiguous samples after it then never run over the end.
    for (let j = 0; j < padding; j++) set.push(set[j])
    return { samples: set, distributionEnd }
  })
}

/** The queries of one run over one set of samples: LoadGen's `GenerateQueries`, draw by draw. */
export function planQueries(settings: EffectiveSettings, set: LoadableSet): QueryPlan {
  const { scenario, mode, requested } = settings
  const accuracy = mode === 'AccuracyOnly'
  const loaded = set.samples
  let samplesPerQuery = accuracy && scenario === 'Offline' ? set.distributionEnd : settings.samplesPerQuery
  // Twice what is expected, in case the system is faster; Server's schedule does not depend on the system.
  let durationNs = (scenario === 'Server' ? 1 : 2) * settings.targetDurationMs * 1e6
  let minQueries = settings.minQueryCount
  if (accuracy || requested.performanceIssueUnique) {
    durationNs = 0
    minQueries = Math.floor(loaded.length / samplesPerQuery)
  }

  const random = new Generator(requested.sampleIndexRngSeed)
  const stride = scenario === 'MultiStream' ? settings.samplesPerQuery : 1
  const once = () => permutation(set.distributionEnd, stride, random)
  // All three are made in any case, and in this order: what they draw moves the generator.
  const inOrder = accuracy ? once() : undefined
  const unique = once()
  const equal = equalIssue(minQueries, loaded.length, random)

  const equalIssued = requested.sampleConcatenatePermutation
  if (!accuracy && equalIssued) {
    const padded = (count: number) => Math.ceil(count / loaded.length) * loaded.length
    if (scenario === 'Offline') samplesPerQuery = padded(samplesPerQuery)
    else minQueries = padded(minQueries)
  }

  const draw = () =>
    requested.performanceIssueUnique
      ? unique()
      : requested.performanceIssueSame
        ? requested.performanceIssueSameIndex
        : equalIssued && scenario !== 'MultiStream'
          ? equal()
          : inOrder
            ? inOrder()
            : uniformBelow(random, set.distributionEnd)
  const nextSamples = (): number[] => {
    if (scenario === 'Offline') return offlineSamples(settings, loaded, samplesPerQuery, random)
    if (scenario !== 'MultiStream') return upTo(samplesPerQuery).map(() => loaded[draw()])
    const start = draw()
    return loaded.slice(start, start + samplesPerQuery)
  }

  const schedule = new Generator(requested.scheduleRngSeed)
  const period = Math.trunc((1 / settings.targetQps) * 1e9)
  const queries: PlannedQuery[] = []
  let time = 0
  let previous = 0
  while (previous < durationNs || queries.length < minQueries) {
    queries.push({ samples: nextSamples(), scheduledNs: time })
    previous = time
    time += scenario === 'Server' ? Math.trunc(exponential(schedule, settings.targetQps) * 1e9) : period
    const goesOn = queries.length >= minQueries && previous < durationNs
    if (equalIssued && goesOn && scenario !== 'Offline') minQueries += loaded.length
  }
  return { queries, samplesPerQuery, durationNs: time }
}

/** Every `stride`-th position once, in random order. */
function permutation(end: number, stride: number, random: Generator): () => number {
  const positions = upTo(Math.ceil(end / stride)).map((i) => i * stride)
  shuffle(positions, random)
  let next = 0
  return () => positions[next++]
}

/** Whole permutations of the set, each a shuffle of the one before. */
function equalIssue(count: number, size: number, random: Generator): () => number {
  const order = upTo(size)
  const positions: number[] = []
  for (let i = 0; i < count; i += size) {
    shuffle(order, random)
    for (const position of order) positions.push(position)
  }
  let next = 0
  return () => positions[next++ % positions.length]
}

/** The one query of Offline: the set again and again. */
function offlineSamples(
  { requested }: EffectiveSettings,
  loaded: readonly number[],
  count: number,
  random: Generator,
): number[] {
  if (requested.performanceIssueSame)
    return upTo(count).map(() => loaded[requested.performanceIssueSameIndex])
  const samples: number[] = []
  for (let i = 0; i < Math.floor(count / loaded.length); i++) {
    const part = [...loaded]
    if (requested.sampleConcatenatePermutation) shuffle(part, random)
    for (const sample of part) samples.push(sample)
  }
  for (const sample of loaded.slice(0, count % loaded.length)) samples.push(sample)
  return samples
}
