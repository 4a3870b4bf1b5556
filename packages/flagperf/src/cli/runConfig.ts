import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { columns, printJson, type Terminal } from '@flag/core-tensor/terminal'
import { findAdapter } from '../adapters/index.ts'
import { batchAxisOf } from '../cases/opened.ts'
import { loadOf, settingsOf } from '../cases/tiers.ts'
import {
  type FlagperfCase,
  type InferenceConfig,
  readFlagperfConfig,
  readInferenceConfig,
} from '../flagperfFiles/config.ts'
import { type Planned, planCases } from '../flagperfFiles/plan.ts'
import type { FlagperfPlace } from '../flagperfFiles/writeTables.ts'
import type { CaseRow } from '../results/schema.ts'
import { operatorSizes } from './caseCommands.ts'
import { type CommonOptions, ceilingCases, limits, measureCases, threadsOf, writeResult } from './measure.ts'

export interface RunConfigOptions extends CommonOptions {
  /** Files of models, by FlagPerf's names. */
  readonly model: Readonly<Record<string, string>>
  readonly list?: boolean
  /** Measures the chip first, so that models have an MFU. */
  readonly roofline?: boolean
}

/** `flagperf run`: whether all cases of a configuration of FlagPerf could be measured. */
export async function runConfig(
  terminal: Terminal,
  path: string,
  options: RunConfigOptions,
): Promise<boolean> {
  const { cases } = readFlagperfConfig(await textOf(path), path)
  const configs = await inferenceConfigs(cases, dirname(path))
  const adapter = await findAdapter(options.adapter ?? options.provider)
  const threads = threadsOf(options)
  const { probeRuns, seconds } = loadOf(options.tier)
  const providerOptions = adapter.sessionOptions({ device: options.device })
  const { provider } = adapter
  const planned = await planCases(cases, {
    adapter,
    extent: options.tier,
    threads,
    runs: probeRuns,
    operatorSize: operatorSizes[options.tier],
    providerOptions,
    models: options.model,
    configs,
    async loadOf(model, batch) {
      const axis = await batchAxisOf(model)
      if (axis === undefined && batch !== 1)
        throw new FlagError(
          'invalid-argument',
          `${model}: its inputs leave no axis open for a batch of ${batch}`,
        )
      const sizes = axis === undefined ? {} : { [axis]: batch }
      const settings = { scenario: 'SingleStream', ...settingsOf(options.tier) } as const
      return {
        kind: 'model',
        model,
        provider,
        providerOptions,
        threads,
        sizes,
        fill: {},
        settings,
        profiledRuns: 10,
      }
    },
  })
  if (options.list) {
    list(terminal, planned, options)
    return true
  }
  const named = planned.flatMap((each) => ('spec' in each ? [{ name: each.asked.key, spec: each.spec }] : []))
  const ceilings = options.roofline ? ceilingCases(adapter, options) : []
  const measured = await measureCases(terminal, [...ceilings, ...named], options, limits(options, seconds))
  let next = ceilings.length
  const rows = planned.map((each): CaseRow => {
    const { asked } = each
    const config = asked.part === 'inference' ? configs[asked.model] : undefined
    const flagperf: FlagperfPlace = { asked, ...(config ? { config } : {}) }
    if ('reason' in each) {
      terminal.err(`${asked.key}: ${each.reason}\n`)
      return { name: asked.key, status: 'failed', message: each.reason, options: { flagperf } }
    }
    const row = measured[next++]
    return { ...row, options: { ...row.options, flagperf } }
  })
  await writeResult(terminal, [...measured.slice(0, ceilings.length), ...rows], options)
  return rows.every(({ status }) => status === 'ok')
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new FlagError('not-found', `${path}: cannot be read: ${cause.message}`, {
      cause,
      hint: "flagperf run takes FlagPerf's host.yaml or test_conf.py",
    })
  })
}

/** Those that lie beside host.yaml, where FlagPerf has them. */
async function inferenceConfigs(
  cases: readonly FlagperfCase[],
  folder: string,
): Promise<Record<string, InferenceConfig>> {
  const configs: Record<string, InferenceConfig> = {}
  for (const asked of cases) {
    if (asked.part !== 'inference') continue
    const path = join(folder, basename(asked.model), 'configurations.yaml')
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) configs[asked.model] = readInferenceConfig(text, path)
  }
  return configs
}

function list(terminal: Terminal, planned: readonly Planned[], { json }: RunConfigOptions): void {
  if (json) {
    printJson(terminal, planned)
    return
  }
  const rows = planned.map((each) => {
    if ('reason' in each) return [each.asked.key, '–', each.reason]
    const { kind, ...spec } = each.spec
    const named = ['probe', 'operator', 'model', 'task', 'dtype', 'size'] as const
    const values = named.flatMap((name) => {
      const value = (spec as Readonly<Record<string, unknown>>)[name]
      return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
    })
    return [each.asked.key, kind, values.join(' ')]
  })
  terminal.out(`${columns(rows)}\n`)
}
