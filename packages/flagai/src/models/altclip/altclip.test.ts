import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Tensor, tensor } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldens } from './goldens.ts'
import { AltCLIP } from './index.ts'

interface EndToEnd {
  texts: string[]
  pictures: string[]
  textEmbeds: number[][]
  textFeatures: number[][]
  imageEmbeds: number[][]
  imageFeatures: number[][]
  labels: string[]
  templates: string[]
  zeroShot: number[]
}
const golden = JSON.parse(readFileSync(`${goldens}altclip/end_to_end.json`, 'utf8')) as EndToEnd
const pictures = golden.pictures.map((name) => join(goldens, '../preprocess/pictures', name))

function expectClose(actual: Tensor, expected: number[][]): void {
  expect(actual.shape).toEqual([expected.length, expected[0].length])
  const numbers = expected.flat()
  actual.toNumbers().forEach((value, i) => {
    expect(Math.abs(value - numbers[i])).toBeLessThan(1e-5)
  })
}

/** The golden model's folder, in a place where files can be taken away and changed. */
function copyOfModel(): string {
  const folder = mkdtempSync(join(tmpdir(), 'altclip-'))
  cpSync(`${goldens}altclip`, folder, { recursive: true })
  return folder
}

describe('from texts and picture files to answers, as transformers gives them', () => {
  let model: AltCLIP
  beforeAll(async () => {
    model = await AltCLIP.fromPretrained(`${goldens}altclip`, { threads: 1 })
  })
  afterAll(() => model.dispose())

  it('encodes texts, whatever the batches', async () => {
    expectClose(await model.encodeText(golden.texts), golden.textEmbeds)
    expectClose(await model.encodeText(golden.texts, { batchSize: 2 }), golden.textEmbeds)
    expectClose(await model.encodeText(golden.texts[1]), [golden.textEmbeds[1]])
    expectClose(await model.encodeText(golden.texts, { normalize: false }), golden.textFeatures)
  })

  it('encodes pictures, whatever the batches', async () => {
    expectClose(await model.encodeImage(pictures), golden.imageEmbeds)
    expectClose(await model.encodeImage(pictures, { batchSize: 2 }), golden.imageEmbeds)
    expectClose(await model.encodeImage(readFileSync(pictures[2])), [golden.imageEmbeds[2]])
    expectClose(await model.encodeImage(pictures, { normalize: false }), golden.imageFeatures)
  })

  it('gives vectors one by one, and errors in the places of pictures that cannot be read', async () => {
    const inputs = [pictures[0], 'no/such.png', pictures[1], new Uint8Array(5), pictures[2]]
    const found = []
    for await (const one of model.encodeImageStream(inputs, { batchSize: 2 })) found.push(one)
    expect(found.map(({ image }) => image)).toEqual(inputs)
    expect(found.map(({ error }) => error?.code)).toEqual([
      undefined,
      'not-found',
      undefined,
      'corrupt-file',
      undefined,
    ])
    for (const [i, at] of [0, 2, 4].entries()) {
      expectClose(tensor([[...(found[at].vector ?? [])]]), [golden.imageEmbeds[i]])
    }
  })

  it('classifies a picture by labels and templates', async () => {
    const scores = await model.zeroShot(pictures[0], golden.labels, { templates: golden.templates })
    const expected = golden.labels.map((label, i) => ({ label, probability: golden.zeroShot[i] }))
    expected.sort((a, b) => b.probability - a.probability)
    expect(scores.map(({ label }) => label)).toEqual(expected.map(({ label }) => label))
    scores.forEach(({ probability }, i) => {
      expect(probability).toBeCloseTo(expected[i].probability, 4)
    })
  })

  it('gives cosine similarities of any rows', async () => {
    const texts = await model.encodeText(golden.texts, { normalize: false })
    const images = await model.encodeImage(pictures)
    const similarity = model.similarity(images, texts)
    expect(similarity.shape).toEqual([pictures.length, golden.texts.length])
    const [x, y] = [golden.imageEmbeds[1], golden.textEmbeds[3]]
    const cosine = x.reduce((sum, value, k) => sum + value * y[k], 0)
    expect(similarity.row(1).data[3]).toBeCloseTo(cosine, 5)
    expect(() => model.similarity(images, images.row(0))).toThrow(/similarity of/)
  })

  it('answers nothing for nothing', async () => {
    expect((await model.encodeText([])).shape).toEqual([0, 20])
    expect((await model.encodeImage([])).shape).toEqual([0, 20])
  })

  it('says what is wrong with its inputs', async () => {
    await expect(model.zeroShot(pictures[0], [])).rejects.toThrow(/at least one label/)
    await expect(model.zeroShot(pictures[0], ['cat'], { templates: ['a cat'] })).rejects.toThrow(
      /has no \{\}/,
    )
    await expect(model.encodeText('cat', { batchSize: 0 })).rejects.toThrow(/batchSize/)
    await expect(model.encodeImage([pictures[0], 'no such.png'], { batchSize: 1 })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('knows its scale and languages', () => {
    expect(model.logitScale).toBeCloseTo(Math.exp(2.3), 4)
    expect(model.languages).toEqual([])
  })
})

describe('fromPretrained', () => {
  it('opens what the trainer of FlagAI saved, beside a tokenizer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'altclip-'))
    cpSync(`${goldens}layouts/flagai`, folder, { recursive: true })
    copyFileSync(`${goldens}altclip/sentencepiece.bpe.model`, join(folder, 'sentencepiece.bpe.model'))
    const model = await AltCLIP.fromPretrained(folder, { threads: 1 })
    expectClose(await model.encodeText(golden.texts), golden.textEmbeds)
    // Without preprocessor_config.json, CLIP's preparation at the size of the model.
    expectClose(await model.encodeImage(pictures), golden.imageEmbeds)
    await model.dispose()
  })

  it('takes languages from config.json', async () => {
    const folder = copyOfModel()
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, languages: ['en', 'zh'] }))
    const model = await AltCLIP.fromPretrained(folder)
    expect(model.languages).toEqual(['en', 'zh'])
    await model.dispose()
  })

  it('cannot be used after dispose, which may be called twice', async () => {
    const model = await AltCLIP.fromPretrained(`${goldens}altclip`, { threads: 1 })
    await model.encodeText('cat')
    await model.dispose()
    await model.dispose()
    await expect(model.encodeText('cat')).rejects.toThrow(/was disposed/)
    await expect(model.encodeImage(pictures)).rejects.toThrow(/was disposed/)
  })

  it.each([
    ['config.json', /holds no config\.json/, 'not-found'],
    ['model.safetensors', /holds no weights/, 'not-found'],
    ['sentencepiece.bpe.model', /tokenizer/, 'not-found'],
  ])('says that %s is missing', async (file, message, code) => {
    const folder = copyOfModel()
    rmSync(join(folder, file))
    const failure = AltCLIP.fromPretrained(folder)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(folder) })
  })

  it.each([
    ['config.json', '{', /config\.json: not JSON/],
    ['config.json', '{"text_config": {"hidden_size": -3}}', /config\.json: text_config\.hidden_size/],
    ['config.json', '{"model_type": "bert"}', /config\.json: model_type is "bert"/],
    ['preprocessor_config.json', '{"size": "big"}', /preprocessor_config\.json: size/],
    ['preprocessor_config.json', '{"do_center_crop": false}', /preprocessor_config\.json: pictures are not/],
    ['model.safetensors', 'version https://git-lfs.github.com/spec/v1', /model\.safetensors/],
    ['sentencepiece.bpe.model', 'not a model', /sentencepiece\.bpe\.model/],
  ])('says what is wrong with %s that holds %s', async (file, content, message) => {
    const folder = copyOfModel()
    writeFileSync(join(folder, file), content)
    await expect(AltCLIP.fromPretrained(folder)).rejects.toThrow(message)
  })

  it('says when the weights are of another configuration', async () => {
    const folder = copyOfModel()
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    config.vision_config.patch_size = 14
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    const failure = AltCLIP.fromPretrained(folder)
    await expect(failure).rejects.toMatchObject({ code: 'shape-mismatch' })
    await expect(failure).rejects.toThrow(/patch_embedding\.weight \[32, 3, 7, 7\]/)
  })

  it('says when the tokenizer is of another model', async () => {
    const folder = copyOfModel()
    cpSync(`${goldens}altclip-m18`, folder, { recursive: true })
    await expect(AltCLIP.fromPretrained(folder)).rejects.toThrow(/tokenizer has 15\d ids, the model only 120/)
  })

  it('says what to do about a model that is not here', async () => {
    await expect(AltCLIP.fromPretrained('BAAI/AltCLIP-m0')).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('flagai pull BAAI/AltCLIP-m0'),
    })
    await expect(AltCLIP.fromPretrained('altclip')).rejects.toMatchObject({
      hint: expect.stringContaining('altclip-emoji-m12'),
    })
  })
})
