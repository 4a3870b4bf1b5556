import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../errors.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { type Bits64, findWithin, hammingDistance, indexOf, uniqueSorted } from './hamming.ts'
import { RecordBuffer } from './records.ts'
import { Removals } from './removals.ts'
import { UnionFind } from './unionFind.ts'

/** Collects the fingerprints of one piece: `signatures/{piece}.bits`, records of low half, high half, document. */
export class FingerprintWriter {
  readonly #records = new RecordBuffer(3)

  add(low: number, high: number, document: number): void {
    this.#records.push().set([low, high, document])
  }

  commit(folder: string, piece: string): Promise<void> {
    return writeAtomic(join(folder, 'signatures', `${piece}.bits`), this.#records.bytes())
  }
}

async function readRecords(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path)
  if (bytes.length % 12 !== 0)
    throw new DataError('corrupt-file', `${path}: ${bytes.length} bytes, expected a multiple of 12`, {
      hint: 'delete the run and start it again',
    })
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/**
 * Finds documents whose fingerprints differ in at most `distance` bits, directly or through others, and keeps the first
 * of each cluster. Writes `{piece}.remove` and `{piece}.kept` with the distance from the one that stays, which in a
 * cluster of many may be more than `distance`. Memory: 12 bytes per document and 36 per distinct fingerprint.
 */
export async function findNearFingerprints(
  folder: string,
  distance: number,
  blocks?: number,
): Promise<{ duplicates: number; clusters: number; removed: number }> {
  const signatures = join(folder, 'signatures')
  const files = (await readdir(signatures)).filter((name) => name.endsWith('.bits')).sort()
  const pieces = files.map((name) => name.slice(0, -'.bits'.length))
  const records: Uint32Array[] = []
  for (const name of files) records.push(await readRecords(join(signatures, name)))
  const total = records.reduce((sum, { length }) => sum + length / 3, 0)
  const all: Bits64 = new BigUint64Array(total)
  const halves = new Uint32Array(all.buffer)
  let at = 0
  for (const words of records)
    for (let i = 0; i < words.length; i += 3) {
      halves[at++] = words[i]
      halves[at++] = words[i + 1]
    }
  const values = uniqueSorted(all)
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  const sets = new UnionFind(values.length)
  findWithin(values, distance, (a, b) => sets.join(a, b), blocks)

  // Piece and document of the first of each cluster, by the cluster's root; pieces count from 1.
  const firstPieces = new Uint32Array(values.length)
  const firstDocuments = new Uint32Array(values.length)
  const firstValues = new Uint32Array(values.length)
  const shared = new Uint8Array(values.length)
  const removals = new Removals(pieces)
  let clusters = 0
  for (const [piece, list] of records.entries())
    for (let i = 0; i < list.length; i += 3) {
      const value = indexOf(words, list[i], list[i + 1])
      const root = sets.rootOf(value)
      if (firstPieces[root] === 0) {
        firstPieces[root] = piece + 1
        firstDocuments[root] = list[i + 2]
        firstValues[root] = value
        continue
      }
      if (shared[root] === 0) clusters++
      shared[root] = 1
      const first = firstValues[root]
      removals.remove(piece, {
        document: list[i + 2],
        keptPiece: Number.parseInt(pieces[firstPieces[root] - 1], 10),
        keptDocument: firstDocuments[root],
        distance: hammingDistance(words[2 * first], words[2 * first + 1], list[i], list[i + 1]),
      })
    }
  await removals.write(join(folder, 'clusters'))
  return { duplicates: removals.count + clusters, clusters, removed: removals.count }
}
