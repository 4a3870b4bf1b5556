import { FlagError } from '@flag/core-tensor'
import type { Answer } from './driver.ts'
import type { LoadResult } from './result.ts'
import type { Scenario, TestSettings } from './settings.ts'

/**
 * The compliance tests of MLPerf inference (mlcommons/inference, compliance/TEST01 … TEST09, at v6): what they change in
 * the settings, and what has to hold of the run. They catch systems that answer differently when nobody looks.
 */

/** The outcome of one check, with what was found in words. */
export interface ComplianceCheck {
  readonly name: string
  readonly passed: boolean
  readonly found: string
}

const check = (name: string, passed: boolean, found: string): ComplianceCheck => ({ name, passed, found })

/** The seed of the accuracy log in the tests' audit.config files. */
const AUDIT_LOG_SEED = 720381539243781796n

/** What the tests' audit.config files set. `samples`: how many samples the accuracy log is to keep (TEST01, 07, 09). */
export const complianceSettings = {
  TEST01: (samples: number): Partial<TestSettings> => ({
    mode: 'PerformanceOnly',
    accuracyLogRngSeed: AUDIT_LOG_SEED,
    accuracyLogSamplingTarget: samples,
  }),
  TEST04: (): Partial<TestSettings> => ({
    mode: 'PerformanceOnly',
    performanceIssueUnique: false,
    performanceIssueSame: true,
    performanceIssueSameIndex: 3,
  }),
  TEST06: (): Partial<TestSettings> => ({
    mode: 'PerformanceOnly',
    accuracyLogRngSeed: AUDIT_LOG_SEED,
    accuracyLogSamplingTarget: 100,
    minQueryCount: 100,
    minDurationMs: 0,
    sampleConcatenatePermutation: false,
  }),
  /** Every sample once, all of them logged. */
  TEST07: (samples: number): Partial<TestSettings> => ({
    mode: 'PerformanceOnly',
    accuracyLogRngSeed: AUDIT_LOG_SEED,
    accuracyLogSamplingTarget: samples,
    minQueryCount: samples,
    minDurationMs: 0,
    performanceIssueUnique: true,
    sampleConcatenatePermutation: false,
  }),
  TEST09: (samples: number): Partial<TestSettings> => complianceSettings.TEST07(samples),
}

/** The number by which runs of a scenario are compared: the higher, the faster. */
export function score(scenario: Scenario, result: LoadResult): number {
  switch (scenario) {
    case 'SingleStream':
    case 'MultiStream':
      return 1e9 / result.earlyStopping.estimateNs
    default:
      return result.samplesPerSecond
  }
}

/** Latencies of streams, in nanoseconds, up to which the system's own disturbances are given more room. */
const QUICK: Partial<Record<Scenario, number>> = { SingleStream: 200_000, MultiStream: 1_600_000 }

/** MLPerf's script of TEST04 compares a rate with this latency, and so gives all streams the larger tolerance. */
const toleranceOf = (scenario: Scenario, { earlyStopping }: LoadResult) =>
  earlyStopping.estimateNs <= (QUICK[scenario] ?? -1) ? 0.2 : 0.1

const bothValid = (...results: LoadResult[]) => {
  if (results.some(({ valid }) => !valid))
    throw new FlagError('invalid-argument', 'compliance compares valid runs, and one of these is not', {
      hint: 'the recommendations of its result say what to change',
    })
}

/**
 * TEST01: answers that a timed run logged are those of the accuracy run, and the run was about as fast as the
 * submitted one. Throws `invalid-argument` for runs that are not valid.
 */
export function verifyAccuracyInPerformanceMode(
  scenario: Scenario,
  runs: {
    submitted: LoadResult
    audited: LoadResult
    accuracy: readonly Answer[]
    answers: readonly Answer[]
  },
): ComplianceCheck[] {
  bothValid(runs.submitted, runs.audited)
  const [reference, found] = [score(scenario, runs.submitted), score(scenario, runs.audited)]
  const tolerance = toleranceOf(scenario, runs.submitted)
  return [
    sameAnswers(runs.accuracy, runs.answers),
    check(
      'performance',
      Math.abs(found / reference - 1) <= tolerance,
      `score ${found.toPrecision(6)} beside ${reference.toPrecision(6)}, allowed within ${100 * tolerance} %`,
    ),
  ]
}

function sameAnswers(accuracy: readonly Answer[], answers: readonly Answer[]): ComplianceCheck {
  const expected = new Map(accuracy.map(({ index, data }) => [index, data]))
  const wrong = answers.filter(({ index, data }) => {
    const known = expected.get(index)
    return known === undefined || Buffer.compare(known, data) !== 0
  })
  const found = `${answers.length - wrong.length} of ${answers.length} logged answers are those of the accuracy run`
  return check('accuracy', answers.length > 0 && wrong.length === 0, found)
}

/**
 * TEST04: asking for the same sample again and again is not faster than asking for all of them, as it would be for a
 * system that keeps its answers. Throws `invalid-argument` for runs that are not valid.
 */
export function verifyNoCaching(
  scenario: Scenario,
  runs: { submitted: LoadResult; same: LoadResult },
): ComplianceCheck[] {
  bothValid(runs.submitted, runs.same)
  const [reference, found] = [score(scenario, runs.submitted), score(scenario, runs.same)]
  const most = 1 + toleranceOf(scenario, runs.submitted)
  return [
    check(
      'caching',
      found < reference * most,
      `score ${found.toPrecision(6)} with one sample beside ${reference.toPrecision(6)}, allowed up to ${most} times that`,
    ),
  ]
}

/** An answer of a language model. */
export interface TokenAnswer {
  readonly tokens: readonly number[]
  /** Tokens that were reported first, by themselves; not in Offline. */
  readonly firstTokens?: readonly number[]
  /** The length that was reported with the answer. */
  readonly reportedTokens: number
}

/** TEST06: the first token is that of the answer, at most one end-of-sequence token ends it, and its length is as reported. */
export function verifyTokens(
  scenario: Scenario,
  answers: readonly TokenAnswer[],
  endOfSequence: number,
): ComplianceCheck[] {
  const wrong = (isWrong: (answer: TokenAnswer) => boolean) => answers.filter(isWrong).length
  const early = wrong(
    ({ tokens, firstTokens }) =>
      firstTokens === undefined || firstTokens.some((token, i) => i < tokens.length && token !== tokens[i]),
  )
  // The first token is not looked at: an answer may be nothing but the end.
  const ends = wrong(
    ({ tokens }) => tokens.length > 2 && tokens.slice(-2).every((token) => token === endOfSequence),
  )
  const lengths = wrong(({ tokens, reportedTokens }) => tokens.length !== reportedTokens)
  const some = answers.length > 0
  const of = (count: number, what: string) => `${count} of ${answers.length} answers ${what}`
  return [
    ...(scenario === 'Offline'
      ? []
      : [check('first token', some && early === 0, of(early, 'begin with another token than was reported'))]),
    check('end of sequence', some && ends === 0, of(ends, 'end with more than one end-of-sequence token')),
    check('length', some && lengths === 0, of(lengths, 'have another length than was reported')),
  ]
}

/** TEST07: every sample was answered once in performance mode, and the answers are as accurate as the threshold asks. */
export function verifyAccuracyOfAll(
  answers: readonly Answer[],
  samples: number,
  accuracy: number,
  threshold: number,
): ComplianceCheck[] {
  const different = new Set(answers.map(({ index }) => index)).size
  return [
    check(
      'complete',
      different === samples && answers.length === samples,
      `${different} of ${samples} samples were logged`,
    ),
    check('accuracy', accuracy >= threshold, `accuracy ${accuracy}, expected at least ${threshold}`),
  ]
}

/** TEST09: answers are on average as long as the reference's, within `tolerance` of that: nothing was cut short. */
export function verifyOutputLength(
  lengths: readonly number[],
  referenceMean: number,
  tolerance = 0.1,
): ComplianceCheck[] {
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length)
  const [least, most] = [referenceMean * (1 - tolerance), referenceMean * (1 + tolerance)]
  return [
    check(
      'output length',
      lengths.length > 0 && mean >= least && mean <= most,
      `mean of ${mean.toFixed(2)} tokens over ${lengths.length} answers, expected ${least.toFixed(2)} to ${most.toFixed(2)}`,
    ),
  ]
}
