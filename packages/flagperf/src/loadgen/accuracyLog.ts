import { Generator } from '@flag/core-tensor'
import type { Answer } from './driver.ts'
import { canonical } from './random.ts'
import type { EffectiveSettings } from './settings.ts'

/** `std::mt19937` without a seed: what LoadGen draws each sample's place in the accuracy log from. */
const STANDARD_SEED = 5489

/**
 * Whether the answer to a sample, given by its number from 0 in issue order, goes into the accuracy log. All do in
 * an accuracy run; of a timed run, a share that the settings name. Ask in order.
 */
export function accuracySampling(settings: EffectiveSettings): (id: number) => boolean {
  if (settings.mode === 'AccuracyOnly') return () => true
  const { requested } = settings
  const share =
    requested.accuracyLogSamplingTarget > 0
      ? requested.accuracyLogSamplingTarget / expectedSamples(settings)
      : requested.accuracyLogProbability
  const offset = canonical(new Generator(requested.accuracyLogRngSeed))
  const random = new Generator(STANDARD_SEED)
  const drawn: number[] = []
  return (id) => {
    while (drawn.length <= id) drawn.push(canonical(random))
    const value = drawn[id] + offset
    return (value < 1 ? value : value - 1) <= share
  }
}

function expectedSamples(settings: EffectiveSettings): number {
  const byRate = Math.trunc((settings.targetQps * settings.minDurationMs) / 1000)
  if (settings.scenario === 'Offline') return Math.max(byRate, settings.minSampleCount)
  return Math.max(byRate, settings.minQueryCount) * settings.samplesPerQuery
}

const hex = (data: Uint8Array) =>
  Buffer.from(data.buffer, data.byteOffset, data.length).toString('hex').toUpperCase()

/** `mlperf_log_accuracy.json`: answers in the order in which they arrived, their bytes in hexadecimal. */
export function accuracyLog(answers: readonly Answer[]): string {
  const lines = answers.map(
    ({ id, index, data }) => `\n{ "seq_id" : ${id}, "qsl_idx" : ${index}, "data" : "${hex(data)}" }`,
  )
  return `[${lines.join(',')}\n]\n`
}
