import type { ExecutionProvider } from '@flag/core-tensor'
import { limitsOf, loadOf, type Tier } from '../cases/tiers.ts'
import { sweep } from '../sweep/sweep.ts'
import { writeResult } from './measure.ts'
import type { Terminal } from './terminal.ts'

export interface SweepCommandOptions {
  readonly provider: readonly ExecutionProvider[]
  readonly threads: readonly number[]
  readonly batch: readonly number[]
  readonly size: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
  readonly tier: Tier
  readonly state: string
  readonly full?: boolean
  readonly timeLimit?: number
  readonly output?: string
  readonly json?: boolean
}

/** `flagperf sweep`: whether at least one setting could be measured. */
export async function sweepCommand(
  terminal: Terminal,
  models: readonly string[],
  options: SweepCommandOptions,
): Promise<boolean> {
  const { queries, seconds } = loadOf(options.tier)
  const limits = limitsOf(seconds)
  const rows = await sweep(
    { models, providers: options.provider, threads: options.threads, batches: options.batch },
    {
      sizes: options.size,
      fill: options.fill,
      queries,
      seconds,
      limits: options.timeLimit === undefined ? limits : { ...limits, timeLimitMs: options.timeLimit * 1000 },
      state: options.state,
      full: options.full,
      onSetting: (name, rung, rungs) => terminal.progress?.(`${name}: ${rung} of ${rungs}`),
    },
  )
  await writeResult(terminal, rows, options)
  return rows.some(({ status }) => status === 'ok')
}
