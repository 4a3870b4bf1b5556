import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../../errors.ts'
import { openAtomic, writeAtomic } from '../../writers/atomic.ts'

/** Bytes that are written at a time. */
const BLOCK = 1 << 20

/**
 * Writes the texts of the documents of a piece one after the other: `texts/{piece}.bytes` as UTF-8, and
 * `texts/{piece}.lengths`, the bytes of each document (32-bit words). Memory: a block, a document and 4 bytes per document.
 */
export class TextBytesWriter {
  readonly #base: string
  readonly #lengths: number[] = []
  #output: Awaited<ReturnType<typeof openAtomic>> | undefined
  #parts: Buffer[] = []
  #size = 0

  constructor(folder: string, piece: string) {
    this.#base = join(folder, 'texts', piece)
  }

  add(text: string): Promise<void> | undefined {
    const bytes = Buffer.from(text)
    this.#lengths.push(bytes.length)
    this.#parts.push(bytes)
    this.#size += bytes.length
    return this.#size >= BLOCK ? this.#flush() : undefined
  }

  async #flush(): Promise<void> {
    this.#output ??= await openAtomic(`${this.#base}.bytes`)
    await this.#output.file.writeFile(Buffer.concat(this.#parts))
    this.#parts = []
    this.#size = 0
  }

  async commit(): Promise<void> {
    await this.#flush()
    await this.#output?.commit()
    await writeAtomic(`${this.#base}.lengths`, new Uint8Array(Uint32Array.from(this.#lengths).buffer))
  }
}

/** The texts of a piece. @throws DataError `corrupt-file` if bytes and lengths do not fit */
export async function readTexts(
  folder: string,
  piece: string,
): Promise<{ bytes: Buffer; lengths: Uint32Array }> {
  const base = join(folder, 'texts', piece)
  const bytes = await readFile(`${base}.bytes`)
  const words = await readFile(`${base}.lengths`)
  const lengths = new Uint32Array(words.buffer.slice(words.byteOffset, words.byteOffset + words.length))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  if (total !== bytes.length)
    throw new DataError('corrupt-file', `${base}.bytes: ${bytes.length} bytes, expected ${total}`, {
      hint: 'delete the run and start it again',
    })
  return { bytes, lengths }
}
