import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labelledText, languageTexts, manyLabelsText } from '../../testing/corpus.ts'
import { temporaryFolder } from '../../testing/folders.ts'
import { languageModelPath } from '../models.ts'
import { FastText, type OpenOptions } from './model.ts'
import { type TrainOptions, trainFastText } from './train.ts'

// Models of fastText's program and their predictions, made by tools/oracles/fasttext_models.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../goldens/fasttext.json.gz', import.meta.url))).toString(),
)
const texts = languageTexts()
  .filter((_, i) => i % 40 === 0)
  .map(({ text }) => text)

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
  writeFileSync(join(work.path, 'labelled.txt'), labelledText())
  writeFileSync(join(work.path, 'many.txt'), manyLabelsText())
})
afterAll(() => work.remove())

function scores(path: string, options?: OpenOptions): string[] {
  const model = FastText.open(path, options)
  const bytes = Buffer.alloc(4)
  const found = texts.map((text) => {
    const line = model.predict(text, { k: -1 }).map(({ label, score }) => {
      bytes.writeFloatBE(score)
      return `${label}=${bytes.toString('hex')}`
    })
    return createHash('sha256').update(line.join(' ')).digest('hex').slice(0, 8)
  })
  model.close()
  return found
}

const train = (name: string, options: TrainOptions) =>
  trainFastText(
    join(work.path, name === 'many' ? 'many.txt' : 'labelled.txt'),
    join(work.path, `${name}.bin`),
    options,
  )

describe('like fastText', () => {
  it('compares the same texts', () => expect(texts.length).toBe(golden.texts))

  it.each(Object.keys(golden.trained))('trains %s to the same bytes and predicts the same', async (name) => {
    const { options, sha256, scores: expected } = golden.trained[name]
    const path = join(work.path, `${name}.bin`)
    const { loss, examples } = await train(name, options)
    expect(examples).toBeGreaterThan(0)
    expect(loss).toBeGreaterThan(0)
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256)
    expect(scores(path)).toEqual(expected)
    expect(scores(path, { matrix: 'file' })).toEqual(expected)
  })

  it.each(Object.keys(golden.quantised))('reads %s', (name) => {
    const path = join(work.path, `${name}.ftz`)
    writeFileSync(path, Buffer.from(golden.quantised[name].model, 'base64'))
    expect(scores(path)).toEqual(golden.quantised[name].scores)
  })
})

describe('what goes wrong', () => {
  const put = (name: string, bytes: Uint8Array) => {
    const path = join(work.path, name)
    writeFileSync(path, bytes)
    return path
  }
  const open = (name: string, bytes: Uint8Array) => () => FastText.open(put(name, bytes))
  const whole = Buffer.from(golden.quantised['hs-cutoff-retrain'].model, 'base64')
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(whole)
    bytes.writeInt32LE(value, at)
    return bytes
  }

  it('names missing files and files of other kinds', () => {
    expect(() => FastText.open(join(work.path, 'none.bin'))).toThrow('none.bin: ENOENT')
    expect(open('empty.bin', new Uint8Array())).toThrow(
      'empty.bin: the magic number at byte 0 takes 4 bytes, but 0',
    )
    expect(open('text.bin', Buffer.from('hello world'))).toThrow('text.bin: it begins with')
    expect(open('later.bin', changed(4, 13))).toThrow('version 13')
    expect(open('vectors.bin', changed(36, 2))).toThrow('word vectors (skipgram)')
    expect(open('model.bin', changed(36, 9))).toThrow('model 9')
    expect(open('loss.bin', changed(32, 7))).toThrow('loss 7')
    expect(open('dim.bin', changed(8, -1))).toThrow('vectors of -1 numbers')
  })

  it('refuses absurd sizes before it takes memory for them', () => {
    expect(open('entries.bin', changed(64, 2 ** 31 - 1))).toThrow(/a dictionary of/)
    const big = changed(64, 2 ** 31 - 1)
    big.writeInt32LE(2 ** 31 - 2, 68)
    big.writeInt32LE(1, 72)
    expect(open('big.bin', big)).toThrow(/takes \d+ bytes, but \d+ are left/)
  })

  it('says where a file ends too early, wherever that is', () => {
    for (let i = 0; i < 40; i++) {
      const length = Math.floor((whole.length * i) / 40)
      expect(open('cut.bin', whole.subarray(0, length)), `${length}`).toThrow(/cut\.bin: /)
    }
  })

  it('opens a damaged file or names the damage', () => {
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.from(whole)
      bytes[8 + ((i * 7919) % 60)] ^= 1 << (i % 8)
      try {
        const model = FastText.open(put('damaged.bin', bytes))
        expect(model.labels.length).toBeGreaterThan(0)
        model.close()
      } catch (error) {
        expect((error as Error).message).toContain('damaged.bin: ')
      }
    }
  })

  it('refuses texts from which nothing can be learnt, and wrong options', async () => {
    const input = put('none.txt', Buffer.from('words without a label\n'))
    await expect(trainFastText(input, join(work.path, 'x.bin'))).rejects.toThrow('5 words and 0 labels')
    await expect(trainFastText(input, join(work.path, 'x.bin'), { dim: 0 })).rejects.toThrow(
      'trainFastText.dim',
    )
    await expect(trainFastText(join(work.path, 'no.txt'), 'x')).rejects.toThrow('no.txt: ENOENT')
    expect(() => FastText.open(languageModelPath()).predict('a', { k: 0 })).toThrow('k: 0')
  })

  it('finds something in nothing but the end of a line', () => {
    expect(FastText.open(languageModelPath()).predict('').length).toBe(1)
    expect(FastText.open(languageModelPath()).predict('\ud800 a\0b').length).toBe(1)
  })
})
