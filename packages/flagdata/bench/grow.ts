import { createReadStream } from 'node:fs'
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { Generator } from '@flag/core-tensor'

/** Bytes of a file of the grown corpus. */
const FILE_BYTES = 1e9
/** How many of the words of a copy are replaced; every third copy is exact. */
const EDITED = 0.02

/**
 * Makes a corpus of any size from a small one: its documents over and over, of each copy some words replaced, by a seed.
 * Written as plain JSON lines, one document at a time.
 */
export async function growCorpus(source: string, folder: string, bytes: number, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const random = new Generator(seed)
  const names = (await readdir(source)).filter((name) => name.endsWith('.jsonl.gz')).sort()
  let [written, inFile, files] = [0, 0, 0]
  let file = await open(join(folder, '000.jsonl'), 'w')
  let block = ''
  const flush = async () => {
    await file.write(block)
    block = ''
  }
  for (let copy = 0; written < bytes; copy++)
    for (const name of names) {
      const lines = createInterface({ input: createReadStream(join(source, name)).pipe(createGunzip()) })
      for await (const line of lines) {
        const { id, text } = JSON.parse(line)
        const edited = copy % 3 === 0 ? text : edit(text, random)
        const grown = `${JSON.stringify({ id: `${id}#${copy}`, text: edited })}\n`
        block += grown
        written += grown.length
        inFile += grown.length
        if (block.length > 1 << 20) await flush()
        if (written >= bytes) break
        if (inFile < FILE_BYTES) continue
        await flush()
        await file.close()
        file = await open(join(folder, `${String(++files).padStart(3, '0')}.jsonl`), 'w')
        inFile = 0
      }
      if (written >= bytes) break
    }
  await flush()
  await file.close()
}

function edit(text: string, random: Generator): string {
  const words = text.split(' ')
  const edits = Math.ceil(words.length * EDITED)
  for (let i = 0; i < edits; i++) {
    const at = Math.floor((random.uint32() / 2 ** 32) * words.length)
    words[at] = `edit${random.uint32() % 1e6}`
  }
  return words.join(' ')
}
