import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Generator } from '@flag/core-tensor'

/** Bytes of a file of the grown corpus. */
const FILE_BYTES = 1e9
const BLOCK_BYTES = 1 << 22
/** One word in so many of a copy is replaced; every third copy is exact. */
const EDITED_EVERY = 50
/** Characters from one place of an edit to the next, words having about six with their space. */
const MOST_BETWEEN = 2 * 6 * EDITED_EVERY

/**
 * Makes a corpus of any size from a small one: its documents over and over, of each copy some words replaced, by a seed.
 * Written as plain JSON lines.
 */
export async function growCorpus(source: string, folder: string, bytes: number, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const random = new Generator(seed)
  const names = (await readdir(source)).filter((name) => name.endsWith('.jsonl.gz')).sort()
  const output = new Output(folder)
  for (let copy = 0; output.bytes < bytes; copy++)
    for (const name of names)
      for (const line of gunzipSync(await readFile(join(source, name)))
        .toString()
        .split('\n')) {
        if (line === '' || output.bytes >= bytes) continue
        const { id, text } = JSON.parse(line)
        const edited = copy % 3 === 0 ? text : edit(text, random)
        const full = output.add(`${JSON.stringify({ id: `${id}#${copy}`, text: edited })}\n`)
        if (full) await full
      }
  await output.close()
}

/** Files `000.jsonl`, `001.jsonl`, … */
class Output {
  bytes = 0
  readonly #folder: string
  #inFile = 0
  #files = 0
  #lines: string[] = []
  #held = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Returns a promise only when the caller should wait. */
  add(line: string): Promise<void> | undefined {
    const size = Buffer.byteLength(line)
    this.#lines.push(line)
    this.bytes += size
    this.#held += size
    return this.#held > BLOCK_BYTES ? this.close() : undefined
  }

  async close(): Promise<void> {
    const file = await open(join(this.#folder, `${String(this.#files).padStart(3, '0')}.jsonl`), 'a')
    await file.writeFile(this.#lines.join(''))
    await file.close()
    this.#inFile += this.#held
    this.#lines = []
    this.#held = 0
    if (this.#inFile < FILE_BYTES) return
    this.#files++
    this.#inFile = 0
  }
}

/** Replaces words at random places, one in `EDITED_EVERY`. */
function edit(text: string, random: Generator): string {
  const parts: string[] = []
  let from = 0
  for (;;) {
    const start = text.indexOf(' ', from + (random.uint32() % MOST_BETWEEN))
    const end = start < 0 ? -1 : text.indexOf(' ', start + 1)
    if (end < 0) break
    parts.push(text.slice(from, start + 1), `edit${random.uint32() % 1e6}`)
    from = end
  }
  parts.push(text.slice(from))
  return parts.join('')
}
