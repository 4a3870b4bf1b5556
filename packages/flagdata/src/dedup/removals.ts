import { join } from 'node:path'
import { writeAtomic } from '../writers/atomic.ts'

/** Stands for "a document of an index", which has no piece and no number here. */
export const INDEXED = 0xffffffff

/** Which document goes, and which one stays in its place. */
export interface Removed {
  document: number
  /** Number of the piece of the document that stays, or `INDEXED`. */
  keptPiece: number
  keptDocument: number
  /** How much the two differ, in the measure of the deduplication; 0 for equal ones. */
  distance: number
}

/** Words of a record of `.kept`. */
const WORDS = 4

/**
 * Collects which documents of which pieces are removed. Written as datatrove's `{piece}.remove`, the documents'
 * numbers ascending, and beside it `{piece}.kept`, records of document, piece and document that stays, distance.
 * Memory: 32 bytes per removed document.
 */
export class Removals {
  readonly #pieces: readonly string[]
  readonly #records: number[][]

  /** @param pieces names of the pieces; files are named after them, padded to six digits */
  constructor(pieces: readonly string[]) {
    this.#pieces = pieces
    this.#records = pieces.map(() => [])
  }

  remove(piece: number, { document, keptPiece, keptDocument, distance }: Removed): void {
    this.#records[piece].push(document, keptPiece, keptDocument, distance)
  }

  /** Documents removed. */
  get count(): number {
    return this.#records.reduce((sum, records) => sum + records.length / WORDS, 0)
  }

  async write(folder: string): Promise<void> {
    for (const [i, records] of this.#records.entries()) {
      if (records.length === 0) continue
      const order = Array.from({ length: records.length / WORDS }, (_, k) => k * WORDS).sort(
        (a, b) => records[a] - records[b],
      )
      const name = join(folder, this.#pieces[i].padStart(6, '0'))
      const sorted = Uint32Array.from(order.flatMap((at) => records.slice(at, at + WORDS)))
      const documents = Uint32Array.from(order, (at) => records[at])
      await writeAtomic(`${name}.kept`, new Uint8Array(sorted.buffer))
      await writeAtomic(`${name}.remove`, new Uint8Array(documents.buffer))
    }
  }
}

/** The records of a `.kept` file by the number of the document that is removed. */
export function parseKept(words: Uint32Array): Map<number, Removed> {
  const removed = new Map<number, Removed>()
  for (let i = 0; i + WORDS <= words.length; i += WORDS) {
    const [document, keptPiece, keptDocument, distance] = words.subarray(i, i + WORDS)
    removed.set(document, { document, keptPiece, keptDocument, distance })
  }
  return removed
}
