import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../document.ts'
import { DataError } from '../errors.ts'
import { readChunks } from '../readers/chunks.ts'
import { readLines } from '../readers/lines.ts'

/** A removed document as it lies in `removed/`. */
export interface Removed {
  removed: { step: string; reason: string; value?: number; limit?: number }
  id: string
  text: string
  metadata: { [key: string]: Json }
}

/** A document that steps changed, as it lies in `changed/`. */
export interface Changed {
  changed: { steps: string[] }
  id: string
  before: string
  text: string
  metadata: { [key: string]: Json }
}

export interface Selection {
  step?: string
  reason?: string
  count: number
  seed: number
}

/**
 * A random sample of the removed documents of a run: every one that fits is equally likely.
 *
 * @throws DataError `not-found` if the folder keeps no removed documents
 */
export async function sampleRemoved(
  output: string,
  { step, reason, count, seed }: Selection,
): Promise<Removed[]> {
  const sample = new Reservoir<Removed>(count, mulberry32(seed))
  for await (const document of documentsOf<Removed>(output, 'removed')) {
    if (step !== undefined && document.removed.step !== step) continue
    if (reason !== undefined && document.removed.reason !== reason) continue
    sample.offer(document)
  }
  return sample.chosen
}

type Amount = Pick<Selection, 'count' | 'seed'>

/** The same of every step and reason, up to `count` of each; nothing if the folder keeps no removed documents. */
export const sampleByReason = (output: string, amount: Amount): Promise<Removed[]> =>
  sampleByKey(
    documentsOf<Removed>(output, 'removed'),
    amount,
    ({ removed: { step, reason } }) => `${step}\n${reason}`,
  )

/** A random sample of the changed documents, of each combination of steps; nothing if the folder keeps none. */
export const sampleChanged = (output: string, amount: Amount): Promise<Changed[]> =>
  sampleByKey(documentsOf<Changed>(output, 'changed'), amount, ({ changed }) => changed.steps.join('\n'))

async function sampleByKey<Kept>(
  documents: AsyncIterable<Kept>,
  { count, seed }: Amount,
  keyOf: (document: Kept) => string,
): Promise<Kept[]> {
  const random = mulberry32(seed)
  const samples = new Map<string, Reservoir<Kept>>()
  try {
    for await (const document of documents) {
      const key = keyOf(document)
      const sample = samples.get(key) ?? new Reservoir<Kept>(count, random)
      samples.set(key, sample)
      sample.offer(document)
    }
  } catch (error) {
    if (!(error instanceof DataError && error.code === 'not-found')) throw error
  }
  return [...samples.values()].flatMap(({ chosen }) => chosen)
}

const missing = {
  removed: 'a run writes them unless the recipe says removed: false',
  changed: 'a run writes some unless the recipe says changed: 0, if its steps change any',
}

async function* documentsOf<Kept>(output: string, kind: keyof typeof missing): AsyncGenerator<Kept> {
  const folder = join(output, kind)
  const names = (await readdir(folder).catch(() => []))
    .filter((name) => /\.jsonl(\.gz|\.zst)?$/.test(name))
    .sort()
  if (names.length === 0)
    throw new DataError('not-found', `${folder}: no ${kind} documents`, { hint: missing[kind] })
  for (const name of names) {
    const path = join(folder, name)
    const whole = { start: 0, end: Number.MAX_SAFE_INTEGER }
    const chunks = readChunks(path, whole, (kind, found) => {
      throw new DataError('corrupt-file', `${path}: ${kind}: ${found}`)
    })
    for await (const { bytes } of readLines(chunks, { ...whole, maxBytes: 2 ** 29 }, () => {}))
      yield JSON.parse(bytes.toString())
  }
}

/** A sample of unknown many things, of which every one is equally likely to be in it (Vitter 1985, algorithm R). */
class Reservoir<Thing> {
  readonly chosen: Thing[] = []
  readonly #size: number
  readonly #random: () => number
  #seen = 0

  constructor(size: number, random: () => number) {
    this.#size = size
    this.#random = random
  }

  offer(thing: Thing): void {
    this.#seen++
    const isFull = this.chosen.length >= this.#size
    const place = isFull ? Math.floor(this.#random() * this.#seen) : this.chosen.length
    if (place < this.#size) this.chosen[place] = thing
  }
}

/** A small generator of uniform numbers in [0, 1) (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
