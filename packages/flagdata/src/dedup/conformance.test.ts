import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { duplicateCorpus } from '../testing/corpus.ts'
import { exactSchema, minhashSchema } from './config.ts'
import { ExactSignatureWriter, findExactDuplicates } from './exact.ts'
import { findBucketPairs, SignatureWriter } from './minhash/buckets.ts'
import { clusterPairs } from './minhash/clusters.ts'
import { Signer } from './minhash/signature.ts'

// datatrove's own files, made by tools/oracles/datatrove_dedup.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/dedup.json.gz', import.meta.url))).toString(),
)

let work: string
const pieces = duplicateCorpus()
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'flag-dedup-'))
})
afterAll(() => rm(work, { recursive: true }))

/** The files below a folder by their path in it. */
async function contents(folder: string, encode: (bytes: Buffer) => string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((it) => it.isFile())
  const entries = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path.slice(folder.length + 1), encode(await readFile(path))] as const
  })
  return Object.fromEntries((await Promise.all(entries)).sort(([a], [b]) => (a < b ? -1 : 1)))
}
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const base64 = (bytes: Buffer) => bytes.toString('base64')

it('works on the documents of the golden file', () => {
  expect(pieces.map((piece) => piece.length)).toEqual(golden.documents)
})

describe.each([0, 1])('MinHash like datatrove, configuration %i', (which) => {
  const expected = golden.minhash[which]
  const config = minhashSchema.parse(expected.config)

  it('writes the same bytes in every stage', async () => {
    const folder = (stage: string) => join(work, `minhash-${which}`, stage)
    const signer = new Signer(config)
    for (const [i, piece] of pieces.entries()) {
      // The first piece in parts that are merged, the second at once.
      const writer = new SignatureWriter(config, folder('s'), String(i).padStart(5, '0'), i === 0 ? 64 : 1e6)
      for (const [document, { text }] of piece.entries())
        if (signer.sign(text)) await writer.add(signer.signature, document)
      await writer.commit()
    }
    expect(await contents(folder('s'), sha256)).toEqual(expected.signatures)
    for (let bucket = 0; bucket < config.buckets; bucket++)
      await findBucketPairs(folder('s'), folder('b'), bucket, config)
    expect(await contents(folder('b'), base64)).toEqual(expected.pairs)
    const counts = await clusterPairs(folder('b'), folder('c'))
    expect(await contents(folder('c'), base64)).toEqual(expected.clusters)
    expect(counts.removed).toBeGreaterThan(50)
  })

  it('clusters the pairs that datatrove wrote', async () => {
    const [theirs, ours] = [join(work, `theirs-${which}`), join(work, `ours-${which}`)]
    await mkdir(theirs)
    for (const [name, bytes] of Object.entries<string>(expected.pairs))
      await writeFile(join(theirs, name), Buffer.from(bytes, 'base64'))
    await clusterPairs(theirs, ours)
    expect(await contents(ours, base64)).toEqual(expected.clusters)
  })
})

describe.each([0, 1])('MinHash with an index like datatrove, run %i', (which) => {
  const { config: options, earlier, runs } = golden.minhashIndex
  const { onlyInIndex, pairs, removed, index } = runs[which]
  const removeOnly = async (folder: string) =>
    Object.fromEntries(
      Object.entries(await contents(folder, base64)).filter(([name]) => name.endsWith('.remove')),
    )

  it('writes the same index, and finds and adds the same beside theirs', async () => {
    const folder = (stage: string) => join(work, `index-${which}`, stage)
    const config = minhashSchema.parse(options)
    const signer = new Signer(config)
    for (const [i, piece] of pieces.entries()) {
      const writer = new SignatureWriter(config, folder(`s${i}`), '00000')
      for (const [document, { text }] of piece.entries())
        if (signer.sign(text)) await writer.add(signer.signature, document)
      await writer.commit()
    }
    const find = async (piece: number, output: string, more: object) => {
      for (let bucket = 0; bucket < config.buckets; bucket++)
        await findBucketPairs(folder(`s${piece}`), folder(output), bucket, { ...config, ...more })
    }
    await find(0, 'first', { writeIndex: folder('ours/earlier') })
    expect(await contents(folder('ours'), base64)).toEqual(earlier)

    for (const [name, bytes] of Object.entries<string>(earlier)) {
      await mkdir(join(folder('theirs'), name, '..'), { recursive: true })
      await writeFile(join(folder('theirs'), name), Buffer.from(bytes, 'base64'))
    }
    const more = { index: folder('theirs'), writeIndex: folder('theirs/later'), onlyInIndex }
    // Twice: what the first run wrote is no index of the second.
    for (const output of ['b', 'again']) {
      await find(1, output, { ...more, compatible: 'datatrove' })
      expect(await contents(folder(output), base64)).toEqual(pairs)
      expect(await contents(folder('theirs'), sha256)).toMatchObject(index)
    }
    await clusterPairs(folder('b'), folder('c'))
    expect(await removeOnly(folder('c'))).toEqual(removed)

    await find(1, 'all', more)
    const { removed: all } = await clusterPairs(folder('all'), folder('all-c'))
    const theirs = Buffer.from(Object.values<string>(removed)[0], 'base64').length / 4
    if (onlyInIndex) expect(all).toBeGreaterThan(theirs)
    else expect(await removeOnly(folder('all-c'))).toEqual(removed)
  })

  it('names an index that is missing', async () => {
    const config = { ...minhashSchema.parse(options), index: join(work, 'nowhere') }
    const signatures = join(work, `index-${which}`, 's0')
    await expect(findBucketPairs(signatures, join(work, 'x'), 0, config)).rejects.toThrow(
      /nowhere: no such index/,
    )
  })
})

describe.each([0, 1])('exact deduplication like datatrove, hash %i', (which) => {
  it('has the same signatures, and removes as many documents of each text', async () => {
    const expected = golden.exact[which]
    const folder = join(work, `exact-${which}`)
    for (const [i, piece] of pieces.entries()) {
      const writer = new ExactSignatureWriter(exactSchema.parse(expected.config))
      piece.forEach(({ text }, document) => {
        writer.add(text, document)
      })
      await writer.commit(folder, String(i).padStart(5, '0'))
    }
    expect(await contents(folder, sha256)).toEqual(expected.signatures)
    const output = join(work, `exact-removed-${which}`)
    const { removed } = await findExactDuplicates(folder, output)
    const ours = removedTexts(await contents(output, base64), '.remove')
    expect(ours).toEqual(removedTexts(expected.duplicates, '.c4_dup'))
    expect(removed).toBe(ours.length)
  })
})

/** The texts that files of document numbers remove. Which of two copies goes may differ where all else is equal. */
function removedTexts(files: Record<string, string>, ending: string): string[] {
  return Object.entries(files)
    .filter(([name]) => name.endsWith(ending))
    .flatMap(([name, bytes]) => {
      const piece = pieces[Number(name.replace(ending, '').split('/').at(-1))]
      const numbers = Buffer.from(bytes, 'base64')
      return Array.from({ length: numbers.length / 4 }, (_, i) => piece[numbers.readUInt32LE(4 * i)].text)
    })
    .sort()
}
