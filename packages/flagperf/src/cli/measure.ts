import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { type ExecutionProvider, FlagError } from '@flag/core-tensor'
import { LiveLine, type Terminal } from '@flag/core-tensor/terminal'
import type { Adapter } from '../adapters/adapter.ts'
import { findAdapter } from '../adapters/index.ts'
import { keptOrMeasured } from '../cases/kept.ts'
import { type CaseLimits, runCase } from '../cases/runCase.ts'
import type { CaseSpec, OpenSpec } from '../cases/spec.ts'
import { limitsOf, loadOf, settingsOf, type Tier } from '../cases/tiers.ts'
import { writeText } from '../files.ts'
import type { Scenario, TestSettings } from '../loadgen/settings.ts'
import { startBackground } from '../monitors/background.ts'
import { ceilingsOf } from '../results/ceilings.ts'
import { environment } from '../results/environment.ts'
import { toMarkdown } from '../results/markdown.ts'
import type { CaseRow, ResultFile } from '../results/schema.ts'
import { exportAiModel, isAiModel } from './aiModel.ts'

export interface CommonOptions {
  readonly provider: ExecutionProvider
  readonly threads?: number
  /** Of the chip: a name, or the path of a module; by default that of the provider. */
  readonly adapter?: string
  /** Number of the device, where the provider takes one. */
  readonly device?: number
  readonly tier: Tier
  readonly timeLimit?: number
  readonly memoryLimit?: number
  /** Folder that keeps every case that was measured. */
  readonly state?: string
  readonly output?: string
  readonly json?: boolean
}

/** Options of commands that open a model. */
export interface OpenOptions extends CommonOptions {
  readonly size: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
}

export interface ModelOptions extends OpenOptions {
  readonly scenario: readonly ('single-stream' | 'multi-stream' | 'offline')[]
  readonly minQueries?: number
  readonly minDuration?: number
  readonly roofline?: boolean
}

const scenarios: Readonly<Record<ModelOptions['scenario'][number], Scenario>> = {
  'single-stream': 'SingleStream',
  'multi-stream': 'MultiStream',
  offline: 'Offline',
}

export interface NamedCase {
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

/** What a command opens a model with. Throws `not-found` where there is no such file. */
export async function openSpec(command: string, name: string, options: OpenOptions): Promise<OpenSpec> {
  const path = isAiModel(name) ? await exportAiModel(name) : name
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new FlagError('not-found', `${path}: no such file`, {
      hint: `flagperf ${command} takes the path of an .onnx file, or a part of a model such as AltCLIP:altclip-emoji-m12#text`,
    })
  const { provider, sessionOptions } = await findAdapter(options.adapter ?? options.provider)
  return {
    model: path,
    provider,
    providerOptions: sessionOptions({ device: options.device }),
    threads: threadsOf(options),
    sizes: options.size,
    fill: options.fill,
  }
}

/** `flagperf model`: whether all cases could be measured. */
export async function model(terminal: Terminal, path: string, options: ModelOptions): Promise<boolean> {
  const open = await openSpec('model', path, options)
  const usual = settingsOf(options.tier)
  const minDurationMs = options.minDuration === undefined ? usual.minDurationMs : options.minDuration * 1000
  const minQueryCount = options.minQueries ?? usual.minQueryCount
  const cases = options.scenario.map((name): NamedCase => {
    const settings: Partial<TestSettings> = { scenario: scenarios[name], minQueryCount, minDurationMs }
    const spec = { kind: 'model', ...open, settings, profiledRuns: 10 } as const
    return {
      name: `${isAiModel(path) ? path : basename(path)} ${name} ${open.provider} ${open.threads} threads`,
      spec,
    }
  })
  const ceilings = options.roofline
    ? ceilingCases(await findAdapter(options.adapter ?? options.provider), options)
    : []
  return measure(terminal, [...ceilings, ...cases], options, limits(options, minDurationMs / 1000))
}

/** Cases that measure what a chip can reach, as its adapter says. */
export function ceilingCases(adapter: Adapter, options: CommonOptions): NamedCase[] {
  const { probeRuns } = loadOf(options.tier)
  const { name, provider } = adapter
  const providerOptions = adapter.sessionOptions({ device: options.device })
  return adapter.ceilings(options.tier).map((ceiling) => {
    const { probe, dtype = 'float32', size } = ceiling
    // A chain of small nodes is about the cost of one node, which more threads only raise.
    const threads = probe === 'launch' ? 1 : threadsOf(options)
    const what = { gemm: `${dtype} ${size}`, launch: `${size} nodes`, capacity: `up to ${gigabytes(size)}` }
    const how = probe in what ? what[probe as keyof typeof what] : `${Math.round(size / 2 ** 20)} MB`
    const where = provider === 'cpu' ? `${name} ${threads} threads` : name
    const common = { kind: 'base', provider, providerOptions, threads, runs: probeRuns } as const
    return { name: `${probe} ${how} ${where}`, spec: { ...common, ...ceiling } }
  })
}

const gigabytes = (bytes: number) => `${bytes / 2 ** 30} GB`

/** `flagperf base`: whether all cases could be measured. */
export async function base(terminal: Terminal, options: CommonOptions): Promise<boolean> {
  const adapter = await findAdapter(options.adapter ?? options.provider)
  return measure(
    terminal,
    ceilingCases(adapter, options),
    options,
    limits(options, loadOf(options.tier).seconds),
  )
}

/** Runs cases one after the other, prints or writes the result, and says whether all could be measured. */
export async function measure(
  terminal: Terminal,
  cases: readonly NamedCase[],
  options: CommonOptions,
  limit: CaseLimits,
): Promise<boolean> {
  const rows = await measureCases(terminal, cases, options, limit)
  await writeResult(terminal, rows, options)
  return rows.every(({ status }) => status === 'ok')
}

/** Runs cases one after the other, and tells of those that fail. */
export async function measureCases(
  terminal: Terminal,
  cases: readonly NamedCase[],
  options: CommonOptions,
  limit: CaseLimits,
): Promise<CaseRow[]> {
  const rows: CaseRow[] = []
  const monitors = await startBackground(options.adapter)
  const progress = new LiveLine(terminal)
  const limits = { ...limit, monitors }
  try {
    for (const [i, { name, spec }] of cases.entries()) {
      progress.show(() => `${i + 1} of ${cases.length}: ${name}`)
      // A model that follows measurements of its chip is put under them.
      const under = spec.kind === 'model' ? { ...spec, ceilings: ceilingsOf(rows) } : spec
      const row =
        options.state === undefined
          ? await runCase(name, under, limits)
          : await keptOrMeasured(options.state, name, under, limits)
      if (row.status !== 'ok') {
        progress.end()
        terminal.err(`${name}: ${row.status}: ${row.message}\n`)
      }
      rows.push(row)
    }
    return rows
  } finally {
    // Whatever happens: a process that goes on watching would keep this one from its end.
    monitors.stop()
    progress.end()
  }
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
  terminal.out(options.json ? text : toMarkdown(result))
}
