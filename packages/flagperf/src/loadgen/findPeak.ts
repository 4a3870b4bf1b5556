import { FlagError } from '@flag/core-tensor'
import type { SystemUnderTest } from './driver.ts'
import { type LoadTest, type LoadTestOptions, runLoadTest, type SampleLibrary } from './loadTest.ts'
import type { TestSettings } from './settings.ts'

export interface PeakSearchOptions {
  /** A rate that the system is known to stand. */
  readonly targetQps: number
  /** The search ends when the bounds are neighbours at this many decimals (LoadGen's default: 1). */
  readonly decimals?: number
  /** The upper bound grows by this share of itself until it is too much (LoadGen's default: 1, which doubles it). */
  readonly stepSize?: number
}

/** A rate that was tried, and whether the system stood it. */
export interface TriedRate {
  readonly qps: number
  readonly met: boolean
}

export interface PeakSearch {
  /** The highest rate found that is met, or undefined where even the first is not. */
  readonly qps: number | undefined
  readonly tried: readonly TriedRate[]
}

/**
 * The search of LoadGen's FindPeakPerformance mode: the base rate has to be met, the upper bound is widened by its step
 * until it is not, and the interval is halved to the wanted precision. `meets` measures a rate. Throws
 * `invalid-argument`.
 */
export async function searchPeak(
  { targetQps, decimals = 1, stepSize = 1 }: PeakSearchOptions,
  meets: (qps: number) => Promise<boolean>,
): Promise<PeakSearch> {
  if (!(targetQps > 0 && stepSize > 0 && Number.isSafeInteger(decimals) && decimals >= 0))
    throw new FlagError(
      'invalid-argument',
      `targetQps ${targetQps}, stepSize ${stepSize}, decimals ${decimals}: expected numbers above 0, and decimals from 0`,
    )
  const tried: TriedRate[] = []
  const attempt = async (qps: number) => {
    const met = await meets(qps)
    tried.push({ qps, met })
    return met
  }
  if (!(await attempt(targetQps))) return { qps: undefined, tried }
  let low = targetQps
  let high = targetQps * (1 + stepSize)
  while (await attempt(high)) {
    low = high
    high *= 1 + stepSize
  }
  const scaled = (qps: number) => Math.floor(qps * 10 ** decimals)
  while (scaled(low) + 1 < scaled(high)) {
    const middle = low + (high - low) / 2
    if (await attempt(middle)) low = middle
    else high = middle
  }
  return { qps: low, tried }
}

/** The outcome of a search: the test at the peak, or at the base rate where that is not met. */
export interface PeakPerformance extends PeakSearch {
  readonly test: LoadTest
}

/**
 * Searches for the highest rate of the Server scenario whose latency percentile is within its target, as LoadGen's
 * FindPeakPerformance mode does. Only the latency is judged, not whether runs are long enough for a valid result.
 * Throws `invalid-argument` for other scenarios.
 */
export async function findPeakPerformance(
  system: SystemUnderTest,
  library: SampleLibrary,
  settings: Partial<TestSettings> & { serverTargetQps: number },
  options: LoadTestOptions & Omit<PeakSearchOptions, 'targetQps'> = {},
): Promise<PeakPerformance> {
  if (settings.scenario !== 'Server')
    throw new FlagError('invalid-argument', 'Finding peak performance is only supported in Server scenarios.')
  const { decimals, stepSize, ...load } = options
  const tests = new Map<number, LoadTest>()
  const search = await searchPeak(
    { targetQps: settings.serverTargetQps, decimals, stepSize },
    async (qps) => {
      const test = await runLoadTest(system, library, { ...settings, serverTargetQps: qps }, load)
      tests.set(qps, test)
      return test.result?.performanceConstraintsMet === true
    },
  )
  return { ...search, test: tests.get(search.qps ?? settings.serverTargetQps) as LoadTest }
}
