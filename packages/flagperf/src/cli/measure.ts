import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { type ExecutionProvider, FlagError } from '@flag/core-tensor'
import { type CaseLimits, runCase } from '../cases/runCase.ts'
import type { CaseSpec } from '../cases/spec.ts'
import { limitsOf, loadOf, settingsOf, type Tier } from '../cases/tiers.ts'
import { writeText } from '../files.ts'
import type { Scenario, TestSettings } from '../loadgen/settings.ts'
import { environment } from '../results/environment.ts'
import { toMarkdown } from '../results/markdown.ts'
import type { CaseRow, ResultFile } from '../results/schema.ts'
import type { Terminal } from './terminal.ts'

export interface CommonOptions {
  readonly provider: ExecutionProvider
  readonly threads?: number
  readonly tier: Tier
  readonly timeLimit?: number
  readonly memoryLimit?: number
  readonly output?: string
  readonly json?: boolean
}

export interface ModelOptions extends CommonOptions {
  readonly scenario: readonly ('single-stream' | 'offline')[]
  readonly size: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
  readonly minQueries?: number
  readonly minDuration?: number
}

const scenarios: Readonly<Record<ModelOptions['scenario'][number], Scenario>> = {
  'single-stream': 'SingleStream',
  offline: 'Offline',
}

interface NamedCase {
  readonly name: string
  readonly spec: CaseSpec
}

export const threadsOf = ({ threads }: CommonOptions) => threads ?? availableParallelism()

export function limits(options: CommonOptions, seconds: number): CaseLimits {
  const usual = limitsOf(seconds)
  return {
    timeLimitMs: options.timeLimit === undefined ? usual.timeLimitMs : options.timeLimit * 1000,
    memoryLimitBytes:
      options.memoryLimit === undefined ? usual.memoryLimitBytes : options.memoryLimit * 2 ** 20,
  }
}

/** `flagperf model`: whether all cases could be measured. */
export async function model(terminal: Terminal, path: string, options: ModelOptions): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new FlagError('not-found', `${path}: no such file`, {
      hint: 'flagperf model takes the path of an .onnx file',
    })
  const usual = settingsOf(options.tier)
  const minDurationMs = options.minDuration === undefined ? usual.minDurationMs : options.minDuration * 1000
  const minQueryCount = options.minQueries ?? usual.minQueryCount
  const cases = options.scenario.map((name): NamedCase => {
    const settings: Partial<TestSettings> = { scenario: scenarios[name], minQueryCount, minDurationMs }
    const { size: sizes, fill, provider } = options
    const threads = threadsOf(options)
    const spec = {
      kind: 'model',
      model: path,
      provider,
      threads,
      sizes,
      fill,
      settings,
      profiledRuns: 10,
    } as const
    return { name: `${basename(path)} ${name} ${provider} ${threads} threads`, spec }
  })
  return measure(terminal, cases, options, limits(options, minDurationMs / 1000))
}

/** Matrices from those that fit into the caches to those that do not. */
const MATRICES = [256, 512, 1024]
/** Long, so that what its nodes cost is more than what differs from run to run. */
const CHAIN = 2000

/** `flagperf base`: whether all cases could be measured. */
export async function base(terminal: Terminal, options: CommonOptions): Promise<boolean> {
  const load = loadOf(options.tier)
  const { provider } = options
  const threads = threadsOf(options)
  const common = { kind: 'base', provider, threads, runs: load.probeRuns } as const
  const cases: NamedCase[] = [
    ...MATRICES.map((size) => ({
      name: `gemm fp32 ${size} ${provider} ${threads} threads`,
      spec: { ...common, probe: 'gemm', size } as const,
    })),
    {
      name: `memory ${load.memoryBytes / 2 ** 20} MB ${provider} ${threads} threads`,
      spec: { ...common, probe: 'memory', size: load.memoryBytes },
    },
    {
      name: `launch ${CHAIN} nodes ${provider}`,
      spec: { ...common, probe: 'launch', size: CHAIN, threads: 1 },
    },
  ]
  return measure(terminal, cases, options, limits(options, load.seconds))
}

async function measure(
  terminal: Terminal,
  cases: readonly NamedCase[],
  options: CommonOptions,
  limit: CaseLimits,
): Promise<boolean> {
  const rows: CaseRow[] = []
  for (const { name, spec } of cases) {
    terminal.err(`${name} …\n`)
    const row = await runCase(name, spec, limit)
    if (row.status !== 'ok') terminal.err(`${name}: ${row.status}: ${row.message}\n`)
    rows.push(row)
  }
  await writeResult(terminal, rows, options)
  return rows.every(({ status }) => status === 'ok')
}

/** Writes rows as a result: to the file that is asked for, and to the terminal as Markdown or JSON. */
export async function writeResult(
  terminal: Terminal,
  cases: CaseRow[],
  options: { readonly output?: string; readonly json?: boolean },
): Promise<void> {
  const result: ResultFile = {
    schema: 'flagperf/1',
    createdAt: new Date().toISOString(),
    environment: environment(),
    cases,
  }
  const text = `${JSON.stringify(result)}\n`
  if (options.output) await writeText(options.output, text)
  terminal.progress?.('')
  terminal.out(options.json ? text : toMarkdown(result))
}
