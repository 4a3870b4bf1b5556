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

export interface Selection {
  step?: string
  reason?: string
  count: number
  seed: number
}

/**
 * A random sample of the removed documents of a run: every one that fits is equally likely (reservoir sampling).
 *
 * @throws DataError `not-found` if the folder keeps no removed documents
 */
export async function sampleRemoved(
  output: string,
  { step, reason, count, seed }: Selection,
): Promise<Removed[]> {
  const folder = join(output, 'removed')
  const names = (await readdir(folder).catch(() => []))
    .filter((name) => /\.jsonl(\.gz|\.zst)?$/.test(name))
    .sort()
  if (names.length === 0)
    throw new DataError('not-found', `${folder}: no removed documents`, {
      hint: 'a run writes them unless the recipe says removed: false',
    })
  const random = mulberry32(seed)
  const sample: Removed[] = []
  let seen = 0
  for (const name of names) {
    const path = join(folder, name)
    const whole = { start: 0, end: Number.MAX_SAFE_INTEGER }
    const chunks = readChunks(path, whole, (kind, found) => {
      throw new DataError('corrupt-file', `${path}: ${kind}: ${found}`)
    })
    for await (const { bytes } of readLines(chunks, { ...whole, maxBytes: 2 ** 29 }, () => {})) {
      const document: Removed = JSON.parse(bytes.toString())
      if (step !== undefined && document.removed.step !== step) continue
      if (reason !== undefined && document.removed.reason !== reason) continue
      seen++
      const place = sample.length < count ? sample.length : Math.floor(random() * seen)
      if (place < count) sample[place] = document
    }
  }
  return sample
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
