import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LanguageModel } from '../language/kenlm/model.ts'
import { openPieces } from '../language/pieces.ts'
import { temporaryFolder } from '../testing/folders.ts'
import { ccnetNormalise } from '../text/ccnetNormalise.ts'
import { Text } from '../text/text.ts'
import { perplexity } from './perplexity.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let model: string
beforeAll(async () => {
  work = await temporaryFolder()
  model = join(work.path, 'model.arpa')
  const golden = readFileSync(new URL('../../goldens/kenlm.json.gz', import.meta.url))
  writeFileSync(model, JSON.parse(gunzipSync(golden).toString()).models.arpa.model)
})
afterAll(() => work.remove())

async function apply(options: Omit<Parameters<typeof perplexity>[0] & object, 'model'>, text: string) {
  const step = perplexity({ model, ...options })
  await step.prepare?.()
  return step.apply(new Text(text), { id: '', text, metadata: {} }, () => {})
}

describe('perplexity', () => {
  it('scores lines one by one', async () => {
    const reference = await LanguageModel.open(model)
    const lines = ['the first line', 'and the other']
    const score = lines.reduce((sum, line) => sum + reference.score(line), 0)
    const expected = Math.round(10 * 10 ** (-score / 8)) / 10
    const text = 'The first line\n\nand THE other'
    expect(await apply({}, text)).toEqual({ text, metadata: { perplexity: expected } })
    expect(await apply({ max: expected - 1 }, text)).toMatchObject({ reason: 'perplexity_too_high' })
    expect(await apply({ min: expected + 1 }, text)).toMatchObject({
      reason: 'perplexity_too_low',
      value: expected,
      limit: expected + 1,
    })
    expect(await apply({ metadataKey: null, max: expected }, text)).toBeUndefined()
    expect(await apply({ normalise: false }, text)).not.toEqual(await apply({}, text))
  })

  it('cuts lines into the pieces of a SentencePiece model', async () => {
    const sentencePiece = fileURLToPath(
      new URL('../../../flagai/goldens/altclip/altclip/sentencepiece.bpe.model', import.meta.url),
    )
    const pieces = await openPieces(sentencePiece)
    expect(pieces('the first line')).toMatch(/^▁\S*( \S+)+$/)
    const reference = await LanguageModel.open(model)
    const cut = pieces('the first line')
    const expected = Math.round(10 * 10 ** (-reference.score(cut) / (cut.split(' ').length + 1))) / 10
    expect(await apply({ sentencePiece }, 'The first line')).toMatchObject({
      metadata: { perplexity: expected },
    })
  })

  it('names what is missing', async () => {
    await expect(perplexity({ model: 'none.arpa' }).prepare?.()).rejects.toThrow('none.arpa: ENOENT')
    await expect(apply({ sentencePiece: join(work.path, 'none.model') }, 'a')).rejects.toThrow('none.model')
  })
})

it('normalises as CCNet does', () => {
  expect(ccnetNormalise(' Où est-ce, en 1999 ?\t「はい」。')).toBe('ou est-ce, en 0000 ?"はい".')
  expect(ccnetNormalise('“A—b…”')).toBe('"a - b..."')
})
