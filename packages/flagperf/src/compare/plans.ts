import type { Tier } from '../cases/tiers.ts'
import type { ComparisonPlan } from './schema.ts'

const common = {
  burstMs: 2.5,
  confidence: 0.95,
  threshold: 0.01,
  clock: 'auto',
  seed: 0,
} as const

/** The plans of the tiers: a second or two for small models, a minute, several minutes. */
export const comparisonPlans: Readonly<Record<Tier, ComparisonPlan>> = {
  quick: { ...common, looks: [4], rounds: 15, blockMs: 500, warmUpMs: 25 },
  normal: { ...common, looks: [4, 8, 16], rounds: 30, blockMs: 2000, warmUpMs: 200 },
  submission: { ...common, looks: [8, 16, 32], rounds: 60, blockMs: 10_000, warmUpMs: 1000 },
}
