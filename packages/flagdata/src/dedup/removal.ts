import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../document.ts'
import { IdReader } from './ids.ts'
import type { Decide } from './kind.ts'
import { INDEXED, parseKept } from './removals.ts'

/**
 * Removes the documents that datatrove's files name: `{piece}.remove` (numbers of documents, ascending), with the cluster
 * of `{piece}.clusters` (document, cluster) as the value. Pieces have six digits there. No file means no document.
 */
export async function decideByFiles(folder: string, piece: string, reason: string): Promise<Decide> {
  const name = join(folder, piece.padStart(6, '0'))
  const remove = await readWords(`${name}.remove`)
  const pairs = await readWords(`${name}.clusters`)
  const clusters = new Map<number, number>()
  for (let i = 0; i < pairs.length; i += 2) clusters.set(pairs[i], pairs[i + 1])
  let next = 0
  return (_, number) => {
    if (remove[next] !== number) return undefined
    next++
    return { reason, value: clusters.get(number) }
  }
}

/**
 * Removes the documents of `{piece}.kept`, with the id of the document that stays as `duplicate_of` and, where a
 * `scale` is given, how much the two differ beside its limit. Documents that stay in the place of others get
 * `duplicate_count`, if `{piece}.c4_counts` says so.
 *
 * @param folder where `ids/` lies
 */
export async function decideByKept(
  folder: string,
  piece: string,
  reason: string,
  scale?: { limit: number; measure?(distance: number): number },
): Promise<Decide> {
  const name = join(folder, 'clusters', piece.padStart(6, '0'))
  const removed = parseKept(await readWords(`${name}.kept`))
  const counts = await readWords(`${name}.c4_counts`)
  const others = new Map<number, number>()
  for (let i = 0; i < counts.length; i += 2) others.set(counts[i], counts[i + 1])
  const keptIds = new Map<number, string>()
  const ids = new IdReader(folder)
  try {
    for (const { document, keptPiece, keptDocument } of removed.values())
      if (keptPiece !== INDEXED) keptIds.set(document, await ids.idOf(keptPiece, keptDocument))
  } finally {
    await ids.close()
  }
  return ({ text }, number) => {
    const because = removed.get(number)
    if (because) {
      const id = keptIds.get(number)
      const metadata: { [key: string]: Json } = id === undefined ? { in_index: true } : { duplicate_of: id }
      if (scale === undefined) return { reason, metadata }
      const { limit, measure = (distance) => distance } = scale
      return { reason, value: measure(because.distance), limit, metadata }
    }
    const count = others.get(number)
    return count === undefined ? undefined : { text, metadata: { duplicate_count: count } }
  }
}

/** A file of 32-bit words; empty if there is none. */
async function readWords(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
