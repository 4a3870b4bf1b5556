import { totalmem } from 'node:os'
import type { TestSettings } from '../loadgen/settings.ts'
import type { CaseLimits } from './runCase.ts'

export const tiers = ['quick', 'normal', 'submission'] as const
/** How long to measure. `quick` and `normal` are those of MLPerf Mobile, `submission` those of MLPerf inference. */
export type Tier = (typeof tiers)[number]

interface Load {
  readonly queries: number
  readonly seconds: number
  /** Runs of a probe of the machine, and bytes that the memory probe goes through. */
  readonly probeRuns: number
  readonly memoryBytes: number
}

const loads: Readonly<Record<Tier, Load>> = {
  quick: { queries: 128, seconds: 10, probeRuns: 10, memoryBytes: 64 * 2 ** 20 },
  normal: { queries: 1024, seconds: 60, probeRuns: 40, memoryBytes: 256 * 2 ** 20 },
  submission: { queries: 1024, seconds: 600, probeRuns: 100, memoryBytes: 1024 * 2 ** 20 },
}

export const loadOf = (tier: Tier): Load => loads[tier]

/** LoadGen's settings of a tier. */
export const settingsOf = (tier: Tier): Pick<TestSettings, 'minQueryCount' | 'minDurationMs'> => ({
  minQueryCount: loads[tier].queries,
  minDurationMs: loads[tier].seconds * 1000,
})

/** Loads may last longer than asked for, when the system is slow: a case is stopped after ten times that. */
export const limitsOf = (seconds: number): CaseLimits => ({
  timeLimitMs: Math.max(120, 10 * seconds) * 1000,
  memoryLimitBytes: Math.floor(totalmem() * 0.9),
})
