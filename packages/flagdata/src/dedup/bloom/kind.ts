import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../../writers/atomic.ts'
import type { DedupKind } from '../kind.ts'
import { RecordBuffer } from '../records.ts'
import { DatatroveBloom, datatroveHashes } from './datatrove.ts'
import { Bloom, type BloomFilter, bloomShape, readDatatroveBits } from './filter.ts'
import { type BloomConfig, contentsOf, PartWriter, paragraphsOf, readParts } from './hashes.ts'

/** A filter, and how it is kept. */
interface OpenFilter {
  filter: BloomFilter
  save(path: string): Promise<void>
  /** Of false positives, where it is known. */
  rate(): number | null
}

async function openFilter(config: BloomConfig): Promise<OpenFilter> {
  const { elements, rate, seed, filter: path, compatible } = config
  if (compatible) {
    const bytes = config.bytes ?? 0
    const hashes = config.hashes ?? datatroveHashes(bytes, elements)
    const bits = path ? await readDatatroveBits(path, bytes) : undefined
    const filter = new DatatroveBloom({ bytes, hashes }, seed, bits)
    return { filter, save: (to) => writeAtomic(to, filter.bits), rate: () => null }
  }
  const contents = contentsOf(config)
  const filter = path
    ? await Bloom.open(path, contents)
    : new Bloom(bloomShape(elements, rate), contents, seed)
  return { filter, save: (to) => filter.save(to), rate: () => filter.rate }
}

/** Parts of a document, by their numbers, that were seen before; all the document's parts are then in the filter. */
function lookUp(filter: BloomFilter, hashes: Uint32Array, level: BloomConfig['level']): number[] {
  const seen: number[] = []
  for (let i = 0; i < hashes.length; i += 2) {
    if (filter.has(hashes[i], hashes[i + 1])) seen.push(i / 2)
    // n-grams are compared with other documents only, so they are added when all were looked up.
    else if (level !== 'ngram') filter.add(hashes[i], hashes[i + 1])
  }
  if (level === 'ngram') {
    let next = 0
    for (let i = 0; i < hashes.length; i += 2) {
      if (seen[next] === i / 2) next++
      else filter.add(hashes[i], hashes[i + 1])
    }
  }
  return seen
}

/**
 * Documents, paragraphs or n-grams that a Bloom filter has seen before. The filter takes pieces in their order, so the
 * outcome does not depend on threads. Results: `seen/{piece}.seen`, records of document, part (or the number of parts
 * seen) and number of parts. Memory: the filter.
 */
export const bloom: DedupKind<BloomConfig> = {
  collect(config, folder, piece) {
    const writer = new PartWriter(folder, piece)
    return {
      add: ({ text }, number) => writer.add(text, number, config),
      commit: () => writer.commit(),
    }
  },
  phases: [
    {
      name: 'filter',
      items: () => ['all'],
      async run(config, folder) {
        const { filter, save, rate } = await openFilter(config)
        const { level, threshold, writeFilter } = config
        const names = (await readdir(join(folder, 'hashes'))).filter((name) => name.endsWith('.parts'))
        let [looked, repeated] = [0, 0]
        for (const name of names.sort()) {
          const results = new RecordBuffer(3)
          for (const { document, hashes } of readParts(join(folder, 'hashes', name))) {
            const parts = hashes.length / 2
            const seen = lookUp(filter, hashes, level)
            looked += parts
            repeated += seen.length
            if (level === 'paragraph') for (const part of seen) results.push().set([document, part, parts])
            else if (seen.length > (level === 'ngram' ? threshold * parts : 0))
              results.push().set([document, seen.length, parts])
          }
          await writeAtomic(join(folder, 'seen', name.replace('.parts', '.seen')), results.bytes())
        }
        // Named other than the filter that was opened, so that a run that is done twice does not find itself in it.
        if (writeFilter) await save(writeFilter)
        return { parts: looked, repeated, falsePositiveRate: rate() }
      },
    },
  ],
  async decide({ level, threshold }, folder, piece) {
    const bytes = await readFile(join(folder, 'seen', `${piece}.seen`))
    const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
    let at = 0
    return ({ text }, number, count) => {
      if (words[at] !== number) return undefined
      if (level !== 'paragraph') {
        const value = words[at + 1] / words[at + 2]
        at += 3
        return { reason: 'bloom_duplicate', value, limit: level === 'ngram' ? threshold : 0 }
      }
      const seen: number[] = []
      for (; words[at] === number; at += 3) seen.push(words[at + 1])
      return withoutParagraphs(text, seen, count)
    }
  },
}

function withoutParagraphs(
  text: string,
  seen: readonly number[],
  count: (name: string, by?: number) => void,
) {
  const paragraphs = paragraphsOf(text)
  count('paragraphs', seen.length)
  const texts = seen.map((i) => text.slice(paragraphs[i].start, paragraphs[i].end))
  const metadata = { duplicate_spans: seen.map((i) => [paragraphs[i].start, paragraphs[i].end]) }
  if (seen.length === paragraphs.length) return { reason: 'bloom_duplicate', value: 1, limit: 0, metadata }
  let kept = ''
  let at = 0
  for (const i of seen) {
    kept += text.slice(at, paragraphs[i].start)
    at = paragraphs[i].end
  }
  return { text: kept + text.slice(at), taken: { reason: 'bloom_duplicate', texts, metadata } }
}
