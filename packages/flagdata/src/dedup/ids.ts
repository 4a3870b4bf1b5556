import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../errors.ts'
import { writeAtomic } from '../writers/atomic.ts'

/**
 * The ids of the documents of a piece, so that what is removed can name what stays: `ids/{piece}.ids`, the number of
 * ids, where each of them ends, then the ids as UTF-8 (32-bit little-endian numbers).
 */
export class IdWriter {
  readonly #ids: string[] = []

  add(id: string): void {
    this.#ids.push(id)
  }

  async commit(folder: string, piece: string): Promise<void> {
    const ids = Buffer.from(this.#ids.join(''))
    const head = new Uint32Array(this.#ids.length + 1)
    head[0] = this.#ids.length
    let end = 0
    this.#ids.forEach((id, i) => {
      end += Buffer.byteLength(id)
      head[i + 1] = end
    })
    await writeAtomic(join(folder, 'ids', `${piece}.ids`), Buffer.concat([new Uint8Array(head.buffer), ids]))
  }
}

/** Reads single ids of any piece; files stay open until `close`. */
export class IdReader {
  readonly #folder: string
  readonly #files = new Map<number, FileHandle>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws DataError `corrupt-file` if the piece has no such document */
  async idOf(piece: number, document: number): Promise<string> {
    let file = this.#files.get(piece)
    const path = join(this.#folder, 'ids', `${String(piece).padStart(5, '0')}.ids`)
    if (file === undefined) {
      file = await open(path, 'r')
      this.#files.set(piece, file)
    }
    const numbers = await read(file, path, 4 * Math.max(0, document), 8)
    const count = (await read(file, path, 0, 4)).readUInt32LE(0)
    if (document >= count) throw corrupt(path, `has no document ${document}`)
    const start = document === 0 ? 0 : numbers.readUInt32LE(0)
    const base = 4 * (count + 1)
    return (await read(file, path, base + start, numbers.readUInt32LE(4) - start)).toString()
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
    this.#files.clear()
  }
}

async function read(file: FileHandle, path: string, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, at)
  if (bytesRead !== length) throw corrupt(path, `ends at byte ${at + bytesRead}, expected ${at + length}`)
  return bytes
}

const corrupt = (path: string, what: string) =>
  new DataError('corrupt-file', `${path}: ${what}`, { hint: 'delete the run and start it again' })
