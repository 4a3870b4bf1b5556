import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../../writers/atomic.ts'
import { RecordReader } from '../records.ts'
import { INDEXED } from '../removals.ts'

/** What clustering found. */
export interface ClusterCounts {
  /** Documents with at least one near-duplicate. */
  duplicates: number
  clusters: number
  removed: number
}

/**
 * Joins pairs of near-duplicates into clusters and writes which documents to remove, all but one of each cluster:
 * `{piece}.remove` (numbers of documents, ascending), `{piece}.clusters` (document, cluster) and `{piece}.sizes`
 * (document, size of its cluster), as datatrove does. The one that stays is the root of a union by size, so it
 * depends on the order of the pairs, which is that of the sorted files. Pairs with a document of an index, as
 * datatrove writes them, remove the other document. Memory: 8 bytes per document up to the last in any pair.
 */
export async function clusterPairs(pairs: string, output: string): Promise<ClusterCounts> {
  const paths = (await readdir(pairs))
    .filter((name) => name.endsWith('.dups'))
    .sort()
    .map((name) => join(pairs, name))

  // Nodes are numbered file by file; node 0 stands for all indexes.
  const documents: number[] = []
  forEachPair(paths, (file1, document1, file2, document2) => {
    if (file1 !== INDEXED) documents[file1] = Math.max(documents[file1] ?? 0, document1 + 1)
    documents[file2] = Math.max(documents[file2] ?? 0, document2 + 1)
  })
  const firsts: number[] = []
  let nodes = 1
  for (let file = 0; file < documents.length; file++) {
    firsts[file] = nodes
    nodes += documents[file] ?? 0
  }
  const parents = new Uint32Array(nodes)
  // The size of a root's set; 0 for documents in no pair.
  const sizes = new Uint32Array(nodes)
  const nodeOf = (file: number, document: number) => (file === INDEXED ? 0 : firsts[file] + document)
  const rootOf = (node: number) => {
    let root = node
    while (parents[root] !== root) root = parents[root]
    for (let at = node; parents[at] !== root; ) {
      const next = parents[at]
      parents[at] = root
      at = next
    }
    return root
  }
  const enter = (node: number) => {
    if (sizes[node] !== 0) return rootOf(node)
    parents[node] = node
    sizes[node] = 1
    return node
  }
  forEachPair(paths, (file1, document1, file2, document2) => {
    let a = enter(nodeOf(file1, document1))
    let b = enter(nodeOf(file2, document2))
    if (a === b) return
    if (b === 0 || (a !== 0 && sizes[a] < sizes[b])) [a, b] = [b, a]
    parents[b] = a
    sizes[a] += sizes[b]
  })

  const counts: ClusterCounts = { duplicates: 0, clusters: 0, removed: 0 }
  const ids = new Map<number, number>()
  for (let file = 0; file < documents.length; file++) {
    const remove: number[] = []
    const clusters: number[] = []
    const clusterSizes: number[] = []
    for (let document = 0; document < (documents[file] ?? 0); document++) {
      const node = firsts[file] + document
      if (sizes[node] === 0) continue
      const root = rootOf(node)
      counts.duplicates++
      if (root !== node) remove.push(document)
      const id = ids.get(root) ?? ids.size
      ids.set(root, id)
      clusters.push(document, id)
      clusterSizes.push(document, sizes[root])
    }
    if (clusters.length === 0) continue
    counts.removed += remove.length
    const name = String(file).padStart(6, '0')
    if (remove.length > 0) await writeAtomic(join(output, `${name}.remove`), words(remove))
    await writeAtomic(join(output, `${name}.clusters`), words(clusters))
    await writeAtomic(join(output, `${name}.sizes`), words(clusterSizes))
  }
  counts.clusters = ids.size
  return counts
}

const words = (values: number[]) => new Uint8Array(Uint32Array.from(values).buffer)

function forEachPair(
  paths: readonly string[],
  visit: (file1: number, document1: number, file2: number, document2: number) => void,
): void {
  for (const path of paths) {
    const reader = new RecordReader(path, 16)
    try {
      while (reader.next()) {
        const { block, offset } = reader
        visit(
          block.readUInt32LE(offset),
          block.readUInt32LE(offset + 4),
          block.readUInt32LE(offset + 8),
          block.readUInt32LE(offset + 12),
        )
      }
    } finally {
      reader.close()
    }
  }
}
