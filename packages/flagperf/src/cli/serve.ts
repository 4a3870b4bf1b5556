import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { runCase } from '../cases/runCase.ts'
import { settingsOf } from '../cases/tiers.ts'
import { searchPeak } from '../loadgen/findPeak.ts'
import { modelNumbers } from '../results/derive.ts'
import type { CaseRow } from '../results/schema.ts'
import { type CommonOptions, limits, threadsOf, writeResult } from './measure.ts'
import type { Terminal } from './terminal.ts'

export interface ServeOptions extends CommonOptions {
  readonly qps: number
  /** Milliseconds. */
  readonly latency: number
  /** Per cent. */
  readonly percentile: number
  readonly findPeak?: boolean
  readonly size: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
  readonly minQueries?: number
  readonly minDuration?: number
}

/** `flagperf serve-load`: whether everything could be measured. One row a rate; the last is the peak, if one is asked for. */
export async function serveLoad(terminal: Terminal, path: string, options: ServeOptions): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new FlagError('not-found', `${path}: no such file`, {
      hint: 'flagperf serve-load takes the path of an .onnx file',
    })
  if (options.percentile >= 100)
    throw new FlagError('invalid-argument', `--percentile ${options.percentile}: expected less than 100`)
  const usual = settingsOf(options.tier)
  const minDurationMs = options.minDuration === undefined ? usual.minDurationMs : options.minDuration * 1000
  const threads = threadsOf(options)
  const rows = new Map<number, CaseRow>()
  const meets = async (qps: number) => {
    const name = `${basename(path)} server ${Number(qps.toFixed(3))} queries/s ${options.provider} ${threads} threads`
    terminal.err(`${name} …\n`)
    const row = await runCase(
      name,
      {
        kind: 'model',
        model: path,
        provider: options.provider,
        threads,
        sizes: options.size,
        fill: options.fill,
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
      limits(options, minDurationMs / 1000),
    )
    rows.set(qps, row)
    if (row.status !== 'ok') terminal.err(`${name}: ${row.status}: ${row.message}\n`)
    return row.raw?.kind === 'model' && modelNumbers(row.raw).load.performanceConstraintsMet
  }
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
  await writeResult(terminal, [...rows.values()], options)
  return [...rows.values()].every(({ status }) => status === 'ok')
}
