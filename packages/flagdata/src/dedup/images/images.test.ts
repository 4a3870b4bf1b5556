import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dedup, pipeline, readJsonl, run, writeJsonl } from '../../index.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../../testing/folders.ts'
import { decodeGrey } from './decode.ts'
import { imageHash } from './perceptualHash.ts'

// Hashes of imagehash, made by tools/oracles/image_hashes.py.
const golden = JSON.parse(
  readFileSync(new URL('../../../goldens/image_hashes.json', import.meta.url), 'utf8'),
)
const flags = fileURLToPath(
  new URL('../../../../../node_modules/svg-country-flags/png250px/', import.meta.url),
)
const pictures = Object.entries<Record<string, string> & { margin: number }>(golden.pictures)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const hex = (bits: bigint) => bits.toString(16).padStart(16, '0')

describe('perceptual hashes', () => {
  it('are those of imagehash, but where rounding decides', async () => {
    for (const [name, { phash, dhash, ahash, margin }] of pictures) {
      const grey = await decodeGrey(join(flags, name))
      expect([name, hex(imageHash(grey, 'dhash'))]).toEqual([name, dhash])
      expect([name, hex(imageHash(grey, 'ahash'))]).toEqual([name, ahash])
      // In a symmetric picture half of the frequencies are zero but for rounding, and so is the median.
      if (margin > 1e-12) expect([name, hex(imageHash(grey, 'phash'))]).toEqual([name, phash])
    }
    expect(pictures.length).toBe(32)
    expect(pictures.filter(([, { margin }]) => margin > 1e-12).length).toBe(28)
  })

  it('stay near when a picture is scaled and compressed', async () => {
    const original = imageHash(await decodeGrey(join(flags, 'br.png')), 'phash')
    const small = await sharp(join(flags, 'br.png')).resize(120).flatten().jpeg({ quality: 70 }).toBuffer()
    const other = imageHash(await decodeGrey(join(flags, 'jp.png')), 'phash')
    const distance = (a: bigint, b: bigint) => (a ^ b).toString(2).replaceAll('0', '').length
    expect(distance(original, imageHash(await decodeGrey(small), 'phash'))).toBeLessThanOrEqual(4)
    expect(distance(original, other)).toBeGreaterThan(10)
  })
})

describe('documents with pictures', () => {
  it('go where their pictures look alike, and stay where a picture cannot be read', async () => {
    const pictures = join(folder.path, 'pictures')
    await mkdir(pictures)
    await sharp(join(flags, 'br.png')).resize(120).flatten().jpeg().toFile(join(pictures, 'small.jpg'))
    await writeFile(join(pictures, 'broken.png'), 'no picture')
    const media = (url: string) => [{ type: 'image/png', url }]
    const input = await writeFiles(join(folder.path, 'in'), {
      'a.jsonl': jsonLines([
        { id: 'a', text: 'Brazil', media: media(join(flags, 'br.png')) },
        { id: 'b', text: 'Japan', media: media(join(flags, 'jp.png')) },
        { id: 'c', text: 'Broken', media: media('broken.png') },
        { id: 'd', text: 'Missing', media: media('missing.png') },
        { id: 'e', text: 'None' },
      ]),
      'b.jsonl': jsonLines([{ id: 'f', text: 'Brazil again', media: media('small.jpg') }]),
    })
    const output = join(folder.path, 'out')
    await run(
      pipeline([
        readJsonl(input),
        dedup({ images: { folder: pictures } }),
        writeJsonl(output, { compression: 'none' }),
      ]),
    )
    const files = await outputFiles(output)
    const lines = (name: string) =>
      files[name]
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    const kept = lines('00000.jsonl')
    expect(kept.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(kept[2].metadata.image_error).toContain('broken.png: ')
    expect(kept[3].metadata.image_error).toContain('missing.png: ')
    expect(lines('00001.jsonl')).toEqual([])
    expect(lines('removed/00001-images.jsonl')).toMatchObject([
      { id: 'f', removed: { reason: 'image_duplicate', limit: 4 }, metadata: { duplicate_of: 'a' } },
    ])
  })
})
