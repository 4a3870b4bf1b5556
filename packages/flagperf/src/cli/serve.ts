import { basename } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { Terminal } from '@flag/core-tensor/terminal'
import { runCase } from '../cases/runCase.ts'
import { settingsOf } from '../cases/tiers.ts'
import { searchPeak } from '../loadgen/findPeak.ts'
import { startBackground } from '../monitors/background.ts'
import { modelNumbers } from '../results/derive.ts'
import type { CaseRow } from '../results/schema.ts'
import { limits, type OpenOptions, openSpec, writeResult } from './measure.ts'

export interface ServeOptions extends OpenOptions {
  readonly qps: number
  /** Milliseconds. */
  readonly latency: number
  /** Per cent. */
  readonly percentile: number
  readonly findPeak?: boolean
  readonly minQueries?: number
  readonly minDuration?: number
}

/** `flagperf serve-load`: whether everything could be measured. One row a rate; the last is the peak, if one is asked for. */
export async function serveLoad(terminal: Terminal, path: string, options: ServeOptions): Promise<boolean> {
  const open = await openSpec('serve-load', path, options)
  if (options.percentile >= 100)
    throw new FlagError('invalid-argument', `--percentile ${options.percentile}: expected less than 100`)
  const usual = settingsOf(options.tier)
  const minDurationMs = options.minDuration === undefined ? usual.minDurationMs : options.minDuration * 1000
  const monitors = await startBackground(options.adapter)
  const rows = new Map<number, CaseRow>()
  const meets = async (qps: number) => {
    const name = `${basename(path)} server ${Number(qps.toFixed(3))} queries/s ${open.provider} ${open.threads} threads`
    terminal.err(`${name} …\n`)
    const row = await runCase(
      name,
      {
        kind: 'model',
        ...open,
        settings: {
          scenario: 'Server',
          serverTargetQps: qps,
          serverTargetLatencyNs: options.latency * 1e6,
          serverTargetLatencyPercentile: options.percentile / 100,
          minQueryCount: options.minQueries ?? usual.minQueryCount,
          minDurationMs,
        },
        profiledRuns: 10,
      },
      { ...limits(options, minDurationMs / 1000), monitors },
    )
    rows.set(qps, row)
    if (row.status !== 'ok') terminal.err(`${name}: ${row.status}: ${row.message}\n`)
    return row.raw?.kind === 'model' && modelNumbers(row.raw).load.performanceConstraintsMet
  }
  try {
    if (options.findPeak) {
      const { qps } = await searchPeak({ targetQps: options.qps, decimals: 0, stepSize: 1 }, meets)
      const peak = rows.get(qps ?? options.qps) as CaseRow
      rows.delete(qps ?? options.qps)
      rows.set(qps ?? options.qps, peak)
      terminal.err(
        qps === undefined
          ? `${options.qps} queries/s are too many: begin with fewer\n`
          : `the peak is ${Number(qps.toFixed(3))} queries/s\n`,
      )
    } else await meets(options.qps)
  } finally {
    monitors.stop()
  }
  await writeResult(terminal, [...rows.values()], options)
  return [...rows.values()].every(({ status }) => status === 'ok')
}
