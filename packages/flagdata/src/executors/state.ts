import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { dedupEntry } from '../dedup/config.ts'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { makeStep, type StepSpec } from '../pipeline/registry.ts'
import type { Step } from '../pipeline/step.ts'
import type { Piece } from '../readers/pieces.ts'
import { PARTIAL, writeAtomic } from '../writers/atomic.ts'
import {
  betweenConfig,
  checkCompression,
  outputName,
  outputPaths,
  type PiecePaths,
} from '../writers/documents.ts'

/** What a run means to do: written before it starts, so that any process can continue it or take a part of it. */
export interface Plan {
  version: 2
  /** Of the pipeline and of the names, sizes and times of the input's files. */
  fingerprint: string
  pipeline: PipelineData
  pieces: readonly Piece[]
}

/** A pipeline without functions. Steps that only their program knows (`customStep`) have no options. */
export interface PipelineData extends Omit<Pipeline, 'steps'> {
  steps: readonly StepSpec[]
}

const dataOf = (pipeline: Pipeline): PipelineData => ({
  ...pipeline,
  steps: pipeline.steps.map(({ name, options }) => ({ name, options })),
})

/** The pipeline of a plan. Steps that only their program knows throw when a document comes to them. */
export const pipelineOf = (data: PipelineData): Pipeline => ({
  ...data,
  steps: data.steps.map((step) => (step.options === undefined ? unknownStep(step.name) : makeStep(step))),
})

const unknownStep = (name: string): Step => ({
  name,
  apply() {
    throw new DataError('invalid-argument', `step "${name}" exists only in the program that made it`, {
      hint: 'run that program again',
    })
  },
})

/** The same run whatever the folder is in which it is started or continued. */
export const withAbsolutePaths = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  read: { ...pipeline.read, path: resolve(pipeline.read.path) },
  write: { ...pipeline.write, path: resolve(pipeline.write.path) },
})

/** A name for each deduplication: its kind, numbered when it occurs again. */
export function dedupLabels(dedups: Pipeline['dedups']): string[] {
  const kinds = dedups.map((dedup) => dedupEntry(dedup)[0])
  return kinds.map((kind, i) => {
    const before = kinds.slice(0, i).filter((other) => other === kind).length
    return before === 0 ? kind : `${kind}-${before + 1}`
  })
}

/** Where the files of a run lie. Everything but the output itself is in `.flagdata`. */
export interface Paths {
  state: string
  /** The folder of a deduplication. */
  dedup(index: number): string
  /** What a pass after the first reads of a piece. */
  between(pass: number, piece: string): string
  /** What a pass writes of a piece. */
  output(pass: number, piece: string): PiecePaths
  /** Folders that have served when the run is complete. */
  temporary: readonly string[]
}

export function pathsOf({ write, dedups }: Pick<Pipeline, 'write' | 'dedups'>): Paths {
  const state = join(write.path, '.flagdata')
  const labels = dedupLabels(dedups)
  const betweenFolder = (pass: number) => join(state, `filtered-${pass}`)
  const between = (pass: number, piece: string) =>
    outputPaths({ ...betweenConfig(write), path: betweenFolder(pass) }, piece).kept
  const besides = (piece: string) => {
    const { removed, changed } = outputPaths(write, piece)
    return { removed, changed }
  }
  return {
    state,
    dedup: (index) => join(state, labels[index]),
    between,
    output: (pass, piece) => ({
      kept: pass === dedups.length ? outputPaths(write, piece).kept : between(pass + 1, piece),
      ...besides(pass === 0 ? piece : `${piece}-${labels[pass - 1]}`),
    }),
    temporary: labels.flatMap((label, i) => [join(state, label), betweenFolder(i + 1)]),
  }
}

export function makePlan(pipeline: Pipeline, pieces: readonly Piece[]): Plan {
  const data = dataOf(pipeline)
  const identity = JSON.stringify({ ...data, pieces })
  return {
    version: 2,
    fingerprint: createHash('sha256').update(identity).digest('hex'),
    pipeline: data,
    pieces,
  }
}

/** The plan of the run in a folder, if there is one. */
export async function readPlan(state: string): Promise<Plan | undefined> {
  const text = await readFile(join(state, 'plan.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Plan)
}

/**
 * Begins or continues a run.
 *
 * @throws DataError `invalid-argument` if the folder holds another run's output
 */
export async function enterPlan(plan: Plan, state: string): Promise<void> {
  await mkdir(state, { recursive: true })
  const before = await readPlan(state)
  if (before === undefined) {
    await writeAtomic(join(state, 'plan.json'), `${JSON.stringify(plan, null, 1)}\n`)
  } else if (before.fingerprint !== plan.fingerprint) {
    throw new DataError('invalid-argument', `${state}: holds a run of another recipe or another input`, {
      hint: 'write to another folder, or delete this one to start anew',
    })
  }
}

const markerPath = (state: string, phase: string, item: string) => join(state, 'done', phase, `${item}.json`)

/** Marks an item as done; only after its output has its final name. */
export const markDone = (state: string, phase: string, item: string, result: unknown): Promise<void> =>
  writeAtomic(markerPath(state, phase, item), `${JSON.stringify(result)}\n`)

/** The results of the items that are done. */
export async function readDone<Result>(state: string, phase: string): Promise<Map<string, Result>> {
  const folder = join(state, 'done', phase)
  const names = await readdir(folder).catch(() => [] as string[])
  const done = new Map<string, Result>()
  for (const name of names.filter((name) => name.endsWith('.json')).sort())
    done.set(name.slice(0, -'.json'.length), JSON.parse(await readFile(join(folder, name), 'utf8')))
  return done
}

/** Deletes what an interrupted run left half-written, and nothing that is not a run's. */
export async function removePartials(output: string): Promise<void> {
  for (const folder of [output, join(output, 'removed'), join(output, 'changed')])
    for (const name of await readdir(folder).catch(() => [] as string[]))
      if (name.endsWith(PARTIAL) && outputName.test(name)) await rm(join(folder, name))
  const state = join(output, '.flagdata')
  const entries = await readdir(state, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries)
    if (entry.isFile() && entry.name.endsWith(PARTIAL)) await rm(join(entry.parentPath, entry.name))
}

/**
 * Refuses an output that would overwrite or feed the input.
 *
 * @throws DataError `invalid-argument`
 */
export async function checkOutput({ read, write }: Pipeline): Promise<void> {
  checkCompression(write)
  const [input, output] = [resolve(read.path), resolve(write.path)]
  if (output === input || output.startsWith(input + sep))
    throw new DataError('invalid-argument', `${write.path}: the output lies in the input ${read.path}`, {
      hint: 'write to a folder beside it',
    })
  const names = await readdir(output).catch(() => [] as string[])
  const ours = names.find((name) => outputName.test(name))
  if (ours !== undefined && !names.includes('.flagdata'))
    throw new DataError('invalid-argument', `${write.path}: holds ${ours}, which this run would overwrite`, {
      hint: 'write to an empty folder',
    })
}

/**
 * Keeps a second run out of the folder while one works on it. The lock of a process that was killed is taken over.
 *
 * @throws DataError `invalid-argument` if the process that holds the lock is alive
 */
export async function lock(state: string): Promise<() => Promise<void>> {
  await mkdir(state, { recursive: true })
  const path = join(state, 'lock')
  const holder = Number(await readFile(path, 'utf8').catch(() => '0'))
  if (holder > 0 && holder !== process.pid && isAlive(holder))
    throw new DataError('invalid-argument', `${state}: process ${holder} is working on it`, {
      hint: `wait for it; if that process is another program, delete ${path}`,
    })
  await rm(path, { force: true })
  const file = await open(path, 'wx')
  await file.writeFile(String(process.pid))
  await file.close()
  return () => rm(path, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
