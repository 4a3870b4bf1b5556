import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findPeakPerformance, type PeakSearchOptions, searchPeak } from './findPeak.ts'
import { VirtualClock, waitingSystem } from './testing/virtualClock.ts'

const library = { name: 'numbers', total: 64, performance: 64 }

/** Searches of the real LoadGen; see tools/oracles/loadgen.py. */
interface Golden {
  name: string
  settings: Record<string, number>
  asked: number[]
  found: number | null
}
const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('../../goldens/loadgen/peak.json', import.meta.url), 'utf8'),
)

test.each(goldens.map((golden) => [golden.name, golden] as const))(
  'tries the rates that LoadGen tried: %s',
  async (_, { settings, asked, found }) => {
    const options = {
      targetQps: settings.server_target_qps,
      decimals: settings.server_find_peak_qps_decimals_of_precision,
      stepSize: settings.server_find_peak_qps_boundary_step_size,
    }
    // What was met are the rates up to the one that was found. Logs have six decimals.
    const { qps, tried } = await searchPeak(options, async (rate) => found !== null && rate < found + 1e-6)
    expect(tried.length).toBe(asked.length)
    for (const [i, rate] of asked.entries()) expect(tried[i].qps).toBeCloseTo(rate, 5)
    if (found === null) expect(qps).toBeUndefined()
    else expect(qps).toBeCloseTo(found, 5)
  },
)

describe('the search for the peak', () => {
  test.each<[PeakSearchOptions, number]>([
    [{ targetQps: 10 }, 73.3],
    [{ targetQps: 10, stepSize: 0.5 }, 33.37],
    [{ targetQps: 100, decimals: 0 }, 1234],
    [{ targetQps: 1, decimals: 3 }, 1.0004],
  ])('%j finds %d to its precision', async (options, peak) => {
    const { qps, tried } = await searchPeak(options, async (rate) => rate <= peak)
    const precision = 10 ** -(options.decimals ?? 1)
    expect(qps).toBeLessThanOrEqual(peak)
    expect(qps).toBeGreaterThan(peak - 2 * precision)
    expect(tried[0]).toEqual({ qps: options.targetQps, met: true })
    expect(new Set(tried.map((each) => each.qps)).size).toBe(tried.length)
  })

  test('doubles first, and then halves', async () => {
    const { tried } = await searchPeak({ targetQps: 10, decimals: 0 }, async (rate) => rate <= 45)
    expect(tried.map(({ qps }) => qps)).toEqual([10, 20, 40, 80, 60, 50, 45, 47.5, 46.25])
  })

  test('a base rate that is not met', async () => {
    expect(await searchPeak({ targetQps: 5 }, async () => false)).toEqual({
      qps: undefined,
      tried: [{ qps: 5, met: false }],
    })
    await expect(searchPeak({ targetQps: 0 }, async () => true)).rejects.toThrow(/expected numbers above 0/)
  })

  test('a server of 4 ms stands a little less than 250 queries a second', async () => {
    const clock = new VirtualClock()
    const settings = {
      scenario: 'Server',
      serverTargetQps: 50,
      minDurationMs: 4000,
      serverTargetLatencyNs: 50e6,
    } as const
    const { qps, test, tried } = await findPeakPerformance(
      waitingSystem(clock, () => 4),
      library,
      settings,
      {
        clock,
        decimals: 0,
      },
    )
    expect(qps).toBeGreaterThan(180)
    expect(qps).toBeLessThan(250)
    expect(test.run.settings.targetQps).toBe(qps)
    expect(test.result?.performanceConstraintsMet).toBe(true)
    expect(tried.at(-1)?.qps).toBeGreaterThan(qps as number)
    const elsewhere = { ...settings, scenario: 'Offline' } as const
    await expect(
      findPeakPerformance(
        waitingSystem(clock, () => 1),
        library,
        elsewhere,
      ),
    ).rejects.toThrow(/only supported in Server/)
  })
})
