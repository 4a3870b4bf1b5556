import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Piece } from '../readers/pieces.ts'
import { PARTIAL, writeAtomic } from '../writers/atomic.ts'
import { outputPaths } from '../writers/documents.ts'

/** Phases of a run; each works through its own items and marks every one that is done. */
export type Phase = 'steps' | 'buckets' | 'clusters' | 'dedup'

/** What a run means to do: written before it starts, so that a later one can tell whether it continues this one. */
export interface Plan {
  version: 1
  /** Of the pipeline and of the names, sizes and times of the input's files. */
  fingerprint: string
  steps: readonly string[]
  dedup: Pipeline['dedup'] | null
  pieces: readonly Piece[]
}

/** Where the files of a run lie. Everything but the output itself is in `.flagdata`. */
export interface Paths {
  state: string
  signatures: string
  pairs: string
  clusters: string
  filteredFolder: string
  /** What a piece writes before deduplication; its output where there is none. */
  filtered(piece: string): { kept: string; removed?: string }
  output(piece: string): { kept: string; removed?: string }
}

export function pathsOf({ write, dedup }: Pipeline): Paths {
  const state = join(write.path, '.flagdata')
  const output = (piece: string) => outputPaths(write, piece)
  const filteredFolder = join(state, 'filtered')
  const filteredConfig = { ...write, format: 'jsonl', path: filteredFolder } as const
  return {
    state,
    signatures: join(state, 'signatures'),
    pairs: join(state, 'pairs'),
    clusters: join(state, 'clusters'),
    filteredFolder,
    output: (piece) => {
      const paths = output(piece)
      // Documents that the steps removed lie in `removed/` already.
      return dedup === undefined ? paths : { ...paths, removed: output(`${piece}-dedup`).removed }
    },
    filtered: (piece) =>
      dedup === undefined
        ? output(piece)
        : { kept: outputPaths(filteredConfig, piece).kept, removed: output(piece).removed },
  }
}

export function makePlan(pipeline: Pipeline, pieces: readonly Piece[]): Plan {
  const { read, steps, dedup, write } = pipeline
  const identity = {
    read,
    steps: steps.map(({ name, options }) => ({ name, options: options ?? 'custom' })),
    dedup,
    write,
    pieces,
  }
  return {
    version: 1,
    fingerprint: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    steps: steps.map((step) => step.name),
    dedup: dedup ?? null,
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

const markerPath = (state: string, phase: Phase, item: string) => join(state, 'done', phase, `${item}.json`)

/** Marks an item as done; only after its output has its final name. */
export const markDone = (state: string, phase: Phase, item: string, result: unknown): Promise<void> =>
  writeAtomic(markerPath(state, phase, item), `${JSON.stringify(result)}\n`)

/** The results of the items that are done. */
export async function readDone<Result>(state: string, phase: Phase): Promise<Map<string, Result>> {
  const folder = join(state, 'done', phase)
  const names = await readdir(folder).catch(() => [] as string[])
  const done = new Map<string, Result>()
  for (const name of names.filter((name) => name.endsWith('.json')).sort())
    done.set(name.slice(0, -'.json'.length), JSON.parse(await readFile(join(folder, name), 'utf8')))
  return done
}

/** Names of a run's outputs, complete or not. */
const outputName = /^\d{5,}(-dedup)?\.(jsonl|txt)(\.gz|\.zst)?(\.partial)?$/

/** Deletes what an interrupted run left half-written, and nothing that is not a run's. */
export async function removePartials(output: string): Promise<void> {
  for (const folder of [output, join(output, 'removed')])
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
