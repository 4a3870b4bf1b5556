import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type DType, dtypes, FlagError } from '@flag/core-tensor'
import { columns, type Terminal } from '@flag/core-tensor/terminal'
import { findAdapter } from '../adapters/index.ts'
import type { NodeSource } from '../cases/op/modelNodes.ts'
import type { CaseSpec, GenerateSpec } from '../cases/spec.ts'
import { loadOf, type Tier } from '../cases/tiers.ts'
import {
  type CommonOptions,
  limits,
  measure,
  type NamedCase,
  type OpenOptions,
  openSpec,
  threadsOf,
} from './measure.ts'

const whereOf = ({ provider, threads }: { provider: string; threads: number }) =>
  provider === 'cpu' ? `cpu ${threads} threads` : provider

const one = (terminal: Terminal, spec: CaseSpec, name: string, options: CommonOptions, seconds: number) =>
  measure(terminal, [{ name, spec }], options, limits(options, seconds))

export interface OpOptions extends CommonOptions {
  readonly list?: boolean
  readonly set: 'onnx' | 'flagperf'
  readonly dtype?: string
  readonly elements?: number
  readonly model?: string
  readonly size: Readonly<Record<string, number>>
}

/** Rows of the largest argument, by tier. */
export const operatorSizes: Readonly<Record<Tier, number>> = { quick: 256, normal: 1024, submission: 2048 }

/** `flagperf op`: whether all operators could be measured. */
export async function op(terminal: Terminal, names: readonly string[], options: OpOptions): Promise<boolean> {
  if (options.model !== undefined)
    return modelOps(terminal, { model: options.model, sizes: options.size }, names, options)
  const { operatorSets } = await import('../cases/op.ts')
  const set = operatorSets[options.set]
  if (options.list) {
    const rows = Object.entries(set).map(([name, { dtypes }]) => [name, dtypes.join(', ')])
    terminal.out(options.json ? `${JSON.stringify(Object.fromEntries(rows))}\n` : `${columns(rows)}\n`)
    return true
  }
  for (const name of names)
    if (!(name in set))
      throw new FlagError('invalid-argument', `operator "${name}" is not known`, {
        hint: 'flagperf op --list names them',
      })
  const wanted = options.dtype as DType | undefined
  if (wanted !== undefined && !dtypes.includes(wanted))
    throw new FlagError('invalid-argument', `"${wanted}" is not an element type`, {
      hint: `known: ${dtypes.join(', ')}`,
    })
  const size =
    options.elements === undefined ? operatorSizes[options.tier] : Math.ceil(Math.sqrt(options.elements))
  const chosen = names.length > 0 ? names : Object.keys(set)
  const cases = chosen.flatMap((operator) => {
    // Without a type, the usual one; with one, the operators that take it.
    const types =
      wanted === undefined
        ? set[operator].dtypes.slice(0, 1)
        : set[operator].dtypes.filter((each) => each === wanted)
    return types.map((dtype) => ({ operator, dtype, from: options.set, size }))
  })
  return operatorCases(terminal, cases, options)
}

/** Every different node of a model. */
async function modelOps(
  terminal: Terminal,
  source: NodeSource,
  names: readonly string[],
  options: OpOptions,
): Promise<boolean> {
  const { nodesOfModel } = await import('../cases/op/modelNodes.ts')
  const nodes = [...(await nodesOfModel(source))].filter(
    ([, { node }]) => names.length === 0 || names.includes(node.operator),
  )
  if (options.list) {
    terminal.out(`${columns(nodes.map(([key, { count }]) => [`${count} ×`, key]))}\n`)
    return true
  }
  const cases = nodes.map(([operator]) => ({ operator, dtype: 'float32' as const, from: source, size: 0 }))
  return operatorCases(terminal, cases, options)
}

async function operatorCases(
  terminal: Terminal,
  chosen: readonly { operator: string; dtype: DType; from: 'onnx' | 'flagperf' | NodeSource; size: number }[],
  options: CommonOptions,
): Promise<boolean> {
  const { provider, sessionOptions } = await findAdapter(options.adapter ?? options.provider)
  const { probeRuns, seconds } = loadOf(options.tier)
  const where = {
    provider,
    providerOptions: sessionOptions({ device: options.device }),
    threads: threadsOf(options),
    runs: probeRuns,
  }
  const cases = chosen.map((each): NamedCase => {
    const what = typeof each.from === 'object' ? each.operator : `${each.operator} ${each.dtype} ${each.size}`
    return { name: `${what} ${whereOf(where)}`, spec: { kind: 'op', ...each, ...where } }
  })
  return measure(terminal, cases, options, limits(options, seconds))
}

/** Processes of a cold start, by tier. */
const coldProcesses: Readonly<Record<Tier, number>> = { quick: 3, normal: 10, submission: 30 }

/** `flagperf cold` */
export async function cold(
  terminal: Terminal,
  path: string,
  options: OpenOptions & { processes?: number; inPlace?: boolean },
): Promise<boolean> {
  const open = await openSpec('cold', path, options)
  const processes = options.processes ?? coldProcesses[options.tier]
  const spec = { kind: 'cold', ...open, processes, packWeights: options.inPlace ? false : undefined } as const
  return one(terminal, spec, `${basename(path)} cold ${whereOf(open)}`, options, loadOf(options.tier).seconds)
}

/** `flagperf soak` */
export async function soak(
  terminal: Terminal,
  path: string,
  options: OpenOptions & { seconds?: number; reopen?: boolean },
): Promise<boolean> {
  const open = await openSpec('soak', path, options)
  const seconds = options.seconds ?? loadOf(options.tier).seconds
  // Some hundred readings, of which all pairs are looked at.
  const spec = {
    kind: 'soak',
    ...open,
    seconds,
    intervalMs: (1000 * seconds) / 300,
    reopen: options.reopen ?? false,
  } as const
  return one(terminal, spec, `${basename(path)} soak ${whereOf(open)}`, options, seconds)
}

/** `flagperf energy` */
export async function energy(terminal: Terminal, path: string, options: OpenOptions): Promise<boolean> {
  const open = await openSpec('energy', path, options)
  const { seconds } = loadOf(options.tier)
  const spec = { kind: 'energy', ...open, seconds, idleSeconds: seconds / 5 } as const
  return one(terminal, spec, `${basename(path)} energy ${whereOf(open)}`, options, seconds)
}

/** `flagperf train` */
export async function train(
  terminal: Terminal,
  task: string,
  options: CommonOptions & { steps: number; evaluateEvery: number; seed: number },
): Promise<boolean> {
  const { provider } = await findAdapter(options.adapter ?? options.provider)
  const { steps, evaluateEvery, seed } = options
  const spec = {
    kind: 'train',
    task,
    steps,
    evaluateEvery,
    seed,
    provider,
    threads: threadsOf(options),
  } as const
  return one(terminal, spec, `${basename(task)} ${whereOf(spec)}`, options, loadOf('submission').seconds)
}

export interface GenerateOptions extends CommonOptions {
  readonly url?: string
  readonly model?: string
  readonly keyVariable?: string
  readonly prompts?: string
  readonly requests?: number
  readonly concurrency: number
  readonly rate?: number
  readonly maxTokens: number
  readonly ttftLimit?: number
  readonly tpotLimit?: number
}

/** What the dummy is said to take, in milliseconds. */
const DUMMY = { kind: 'dummy', firstMs: 20, nextMs: 5 } as const

/** `flagperf generate` */
export async function generate(terminal: Terminal, options: GenerateOptions): Promise<boolean> {
  const { url, model, keyVariable, rate, concurrency } = options
  if (url !== undefined && model === undefined)
    throw new FlagError(
      'invalid-argument',
      '--url needs --model, the name by which the server knows the model',
    )
  const target: GenerateSpec['target'] =
    url === undefined ? DUMMY : { kind: 'openai', url, model: model as string, keyVariable }
  const spec: GenerateSpec = {
    kind: 'generate',
    target,
    prompts: await promptsOf(options.prompts),
    requests: options.requests ?? loadOf(options.tier).queries,
    load: rate === undefined ? { concurrency } : { ratePerSecond: rate, seed: 0 },
    maxTokens: options.maxTokens,
    limits: { ttftMs: options.ttftLimit, tpotMs: options.tpotLimit },
  }
  const how = rate === undefined ? `${concurrency} at a time` : `${rate} a second`
  return one(terminal, spec, `${model ?? 'dummy'}, ${how}`, options, loadOf('submission').seconds)
}

async function promptsOf(file: string | undefined): Promise<string[]> {
  if (file === undefined) return ['Write a short story about a lighthouse.']
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new FlagError('not-found', `${file}: cannot be read: ${cause.message}`, { cause })
  })
  const prompts = text.split('\n').filter((line) => line.trim() !== '')
  if (prompts.length === 0) throw new FlagError('invalid-argument', `${file}: no prompt, expected one a line`)
  return prompts
}
