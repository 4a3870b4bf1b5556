import type { ExecutionProvider } from '@flag/core-tensor'
import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'
import { limitsOf, loadOf, type Tier } from '../cases/tiers.ts'
import { startBackground } from '../monitors/background.ts'
import { sweep } from '../sweep/sweep.ts'
import { writeResult } from './measure.ts'

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
  const usual = limitsOf(seconds)
  const timeLimitMs = options.timeLimit === undefined ? usual.timeLimitMs : options.timeLimit * 1000
  const monitors = await startBackground()
  const progress = new LiveLine(terminal)
  const rows = await sweep(
    { models, providers: options.provider, threads: options.threads, batches: options.batch },
    {
      sizes: options.size,
      fill: options.fill,
      queries,
      seconds,
      limits: { ...usual, timeLimitMs, monitors },
      state: options.state,
      full: options.full,
      onSetting: (name, rung, rungs) => progress.show(() => `${name}: ${rung} of ${rungs}`),
    },
  ).finally(() => {
    monitors.stop()
    progress.end()
  })
  await writeResult(terminal, rows, options)
  return rows.some(({ status }) => status === 'ok')
}
