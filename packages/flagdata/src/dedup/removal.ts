import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Decide } from './kind.ts'

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

/** A file of 32-bit words; empty if there is none. */
async function readWords(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}
