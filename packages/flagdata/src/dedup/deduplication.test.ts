import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NgramIndex } from '../filters/decontamination/ngramIndex.ts'
import { duplicateCorpus } from '../testing/corpus.ts'
import { temporaryFolder } from '../testing/folders.ts'
import { codePoints } from '../text/whitespace.ts'
import { DatatroveBloom, datatroveHashes } from './bloom/datatrove.ts'
import { bloom } from './bloom/kind.ts'
import { bloomSchema, exactSchema, sentencesSchema, simhashSchema } from './config.ts'
import { buildExactIndex, ExactSignatureWriter, findExactDuplicates } from './exact.ts'
import { type Bits64, findWithin, uniqueSorted } from './hamming.ts'
import { sentences } from './sentences/kind.ts'
import { Fingerprinter } from './simhash/fingerprint.ts'

// datatrove's and data-juicer's own results, made by tools/oracles/deduplication.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/deduplication.json.gz', import.meta.url))).toString(),
)
const pieces = duplicateCorpus()
const names = pieces.map((_, i) => String(i).padStart(5, '0'))

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
})
afterAll(() => work.remove())

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
const base64 = (bytes: Buffer) => bytes.toString('base64')

/** The files below a folder with an ending, by their paths, in the form that `encode` gives them. */
async function contents(folder: string, ending: string, encode: (bytes: Buffer) => string) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending))
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path.slice(folder.length + 1), encode(await readFile(path))] as const
  })
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What datatrove writes only where there is something. */
const nonEmpty = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).filter(([, bytes]) => bytes !== ''))

it('works on the documents of the golden file', () => {
  expect(pieces.map((piece) => piece.length)).toEqual(golden.documents)
})

describe.each([0, 1, 2])('exact deduplication by key and priority like datatrove, case %i', (which) => {
  it('writes the same signatures and index and finds the same documents and counts', async () => {
    const expected = golden.exact[which]
    const folder = join(work.path, `exact-${which}`)
    const config = exactSchema.parse({ compatible: 'datatrove', priority: 'metadata.p' })
    const write = async (to: string, some: typeof pieces) => {
      for (const [i, piece] of some.entries()) {
        const writer = new ExactSignatureWriter(config)
        piece.forEach(({ id, text }, document) => {
          writer.add(id.split('-')[0], document, 1 + (codePoints(text) % 1000))
        })
        await writer.commit(to, names[i])
      }
    }
    await write(join(folder, 's'), pieces)
    expect(await contents(join(folder, 's'), '.c4_sig', sha256)).toEqual(expected.signatures)
    if (expected.indexed !== 'none') {
      await write(join(folder, 'is'), [pieces[1]])
      await buildExactIndex(join(folder, 'is'), join(folder, 'i', 'earlier'), config)
      expect(Object.values(await contents(join(folder, 'i'), '', sha256))).toEqual(
        Object.values(expected.index),
      )
    }
    const { removed } = await findExactDuplicates(join(folder, 's'), join(folder, 'd'), {
      ...config,
      ...(expected.indexed === 'none' ? {} : { index: join(folder, 'i') }),
      onlyInIndex: expected.indexed !== 'both',
    })
    const ours = await contents(join(folder, 'd'), '.remove', base64)
    const theirs = numbers(expected.duplicates, '.c4_dup', 1)
    expect(numbers(ours, '.remove', 1)).toEqual(theirs)
    expect(removed).toBe(theirs.length)
    expect(numbers(await contents(join(folder, 'd'), '.c4_counts', base64), '.c4_counts', 2)).toEqual(
      numbers(expected.counts, '.c4_counts', 2),
    )
  })
})

/** Records of 32-bit words of all files, with the number of the file before them, in order. */
function numbers(files: Record<string, string>, ending: string, width: number): number[][] {
  const records: number[][] = []
  for (const [name, bytes] of Object.entries(files)) {
    const piece = Number(name.replace(ending, '').split('/').at(-1))
    const words = Buffer.from(bytes, 'base64')
    for (let at = 0; at < words.length; at += 4 * width)
      records.push([piece, ...Array.from({ length: width }, (_, i) => words.readUInt32LE(at + 4 * i))])
  }
  return records.sort((a, b) => a[0] - b[0] || a[1] - b[1])
}

describe.each([0, 1, 2, 3, 4, 5])('spans of sentences like datatrove, case %i', (which) => {
  it('writes the same files and leaves the same texts', async () => {
    const { options, indexed, ...expected } = golden.sentences[which]
    const folder = join(work.path, `sentences-${which}`)
    const config = sentencesSchema.parse({
      compatible: 'datatrove',
      sentences: options.n_sentences,
      split: options.split_sentences === false ? 'lines' : 'sentences',
      minWords: options.min_doc_words,
      minSentences: options.min_num_sentences,
      minSpanWords: options.min_words_to_remove_span,
      onlyInIndex: options.only_dedup_in_index,
      hash: options.hash,
      ranges: options.ranges,
      ...(indexed ? { index: join(folder, 'earlier.c4_index') } : {}),
    })
    const collect = async (to: string, some: typeof pieces, its: typeof config) => {
      for (const [i, piece] of some.entries()) {
        const collector = sentences.collect(its, to, names[i])
        for (const [number, { id, text }] of piece.entries())
          await collector.add({ id, text, metadata: {} }, number)
        await collector.commit()
      }
    }
    const [{ run, items }] = sentences.phases
    if (indexed) {
      const before = { ...config, index: undefined, writeIndex: config.index }
      await collect(join(folder, 'before'), [pieces[1]], before)
      await run(before, join(folder, 'before'), '0')
      expect(sha256(await readFile(config.index as string))).toBe(Object.values(expected.index)[0])
    }
    await collect(folder, pieces, config)
    expect(await contents(join(folder, 'signatures'), '.c4_sig', sha256)).toEqual(expected.signatures)
    for (const item of items(config, names)) await run(config, folder, item)
    expect(await contents(join(folder, 'spans'), '.c4_dup', base64)).toEqual(nonEmpty(expected.duplicates))
    const kept: string[][][] = []
    for (const [i, piece] of pieces.entries()) {
      const decide = await sentences.decide(config, folder, names[i])
      kept[i] = []
      for (const [number, { id, text }] of piece.entries()) {
        const outcome = decide({ id, text, metadata: {} }, number, () => {})
        if (outcome && 'reason' in outcome) expect(outcome.reason).toMatch(/^duplicate_span/)
        else kept[i].push([id, sha256(outcome?.text ?? text).slice(0, 16)])
      }
    }
    expect(kept).toEqual(expected.kept)
  })
})

describe.each([0, 1])('Bloom filter like datatrove, case %i', (which) => {
  it('removes the same documents and sets the same bits', async () => {
    const { options, k, bits, ones, removed } = golden.bloom[which]
    const folder = join(work.path, `bloom-${which}`)
    if (options.expected_elements) expect(datatroveHashes(options.m_bytes, options.expected_elements)).toBe(k)
    const config = bloomSchema.parse({
      level: 'ngram',
      compatible: 'datatrove',
      bytes: options.m_bytes,
      hashes: options.k,
      elements: options.expected_elements,
      ngrams: options.n_grams,
      threshold: options.duplicate_threshold,
      seed: options.seed,
      hash: options.hash,
      writeFilter: join(folder, 'filter'),
    })
    for (const [i, piece] of pieces.entries()) {
      const collector = bloom.collect(config, folder, names[i])
      for (const [number, { id, text }] of piece.entries())
        await collector.add({ id, text, metadata: {} }, number)
      await collector.commit()
    }
    await bloom.phases[0].run(config, folder, 'all')
    const filter = await readFile(join(folder, 'filter'))
    let set = 0
    for (const byte of filter) for (let bit = 0; bit < 8; bit++) set += (byte >> bit) & 1
    expect(set).toBe(ones)
    expect(sha256(filter)).toBe(bits)
    const ours: string[] = []
    for (const [i, piece] of pieces.entries()) {
      const decide = await bloom.decide(config, folder, names[i])
      for (const [number, { id, text }] of piece.entries())
        if (decide({ id, text, metadata: {} }, number, () => {})) ours.push(id)
    }
    expect(ours).toEqual(removed)
  })

  it('refuses the size that datatrove refuses', () => {
    expect(() => new DatatroveBloom({ bytes: 2 ** 28, hashes: 1 }, 0, new Uint8Array(1))).toThrow('268435456')
  })
})

describe.each([0, 1, 2])('decontamination like datatrove, case %i', (which) => {
  it('writes the same index and finds the same n-grams and tasks', async () => {
    const { options, index: expected, found } = golden.decontamination[which]
    const rules = {
      ngrams: options.n_grams ?? 12,
      findQuery: options.find_query_ngrams ?? false,
      findOverlap: options.find_overlap_ngrams ?? true,
      hash: 'xxhash' as const,
    }
    const built = new NgramIndex()
    const samples = pieces[0].filter((_, i) => i % 40 === 0)
    samples.forEach(({ text }, i) => {
      const words = text.split(' ')
      built.addSample(rules, `task ${i % 3}`, words.slice(15, 40).join(' '), words.slice(0, 15).join(' '))
    })
    const folder = join(work.path, `decontamination-${which}`)
    const loaded = new NgramIndex()
    // Written by task, so only the number of n-grams that two tasks share can differ from datatrove's files.
    await built.save(folder)
    const files = await contents(folder, '.hashes', sha256)
    expect(Object.keys(files)).toEqual(Object.keys(expected))
    await loaded.load(folder)
    const ours = pieces.flat().flatMap(({ id, text }) => {
      const hit = loaded.findIn(text, rules)
      return hit ? [[id, hit.task, hit.ngram]] : []
    })
    expect(ours).toEqual(found)
    expect(files).toEqual(expected)
  })
})

describe.each([0, 1, 2])('SimHash like data-juicer, case %i', (which) => {
  const expected = golden.simhash[which]

  it('gives the same fingerprints and pairs', () => {
    const texts = [
      ...pieces
        .flat()
        .map(({ text }) => text)
        .slice(0, 400),
      ...golden.chinese,
    ]
    const fingerprinter = new Fingerprinter(
      simhashSchema.parse({ ...expected.config, compatible: 'data-juicer' }),
    )
    const values: Bits64 = BigUint64Array.from(texts, (text) => {
      fingerprinter.compute(text)
      return (BigInt(fingerprinter.high) << 32n) | BigInt(fingerprinter.low)
    })
    expect(Array.from(values, String)).toEqual(expected.values)
    const unique = uniqueSorted(values)
    const pairs = new Set<string>()
    findWithin(unique, 4, (a, b) => pairs.add(`${[a, b].sort((x, y) => x - y).map((i) => unique[i])}`))
    expect([...pairs].sort()).toEqual(expected.pairs.map((pair: string[]) => `${pair}`).sort())
  })
})
