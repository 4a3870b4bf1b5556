// Defects of FlagEval, CLIP_benchmark, FlagEvalMM, HELM, lm-eval and mteb, each as a test that we do not have it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tensor } from '@flag/core-tensor'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { warningsOf } from './datasets/checks.ts'
import type { ClassificationData, RetrievalData } from './datasets/dataset.ts'
import { formatSchema, loadFormat } from './datasets/formats/index.ts'
import { readImageEval } from './datasets/formats/texts.ts'
import { bitsPerByte, brierScore, preferredChoice, rankCandidates, tokenF1 } from './metrics/index.ts'
import type { EmbeddingModel, PictureInput } from './models/model.ts'
import { pixelVectors } from './models/pixels.ts'
import type { RecordOf } from './records/record.ts'
import { EmbeddingCache } from './run/embeddingCache.ts'
import { evaluate } from './run/evaluate.ts'
import { columnsNearChance, resultsOf } from './run/results.ts'
import { run } from './run/run.ts'
import { metricOf } from './score/metrics.ts'
import { compare, score } from './score/score.ts'
import { findTasks } from './tasks/task.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-defects-'))
  for (const name of ['a', 'b', 'c'])
    await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } })
      .jpeg()
      .toFile(at(`${name}.jpg`))
})
afterAll(() => rm(folder, { recursive: true }))

const rows = (...values: number[][]) =>
  new Tensor('float32', [values.length, values[0].length], Float32Array.from(values.flat()))

/** Vectors by name: a picture's id, a text itself. */
const lookUp =
  (vectors: Record<string, number[]>) => async (_: unknown, inputs: readonly PictureInput[]) => ({
    vectors: rows(...inputs.map((input) => vectors[input as string])),
    keys: inputs.map(String),
  })

const classes = (...names: string[]) => names.map((name, i) => ({ id: `${i}`, name }))
const classification = (templates: string[], names: string[]): ClassificationData => ({
  kind: 'classification',
  pictures: [{ id: 'a', input: 'a' }],
  gold: [0],
  classes: classes(...names),
  templates,
})

const classified = (i: number, better: number): RecordOf<'classification'> => ({
  kind: 'classification',
  sample: `${i}`,
  document: `${i}`,
  request: `${i}`,
  candidates: 10,
  right: 1,
  gold: ['x'],
  better,
  equal: 0,
  top: [],
})

describe('FlagEval', () => {
  it('1: a column near chance for all models (flowers, labels off by one) is published as a score', () => {
    const [task] = findTasks(['flag-countries'])
    const column = { task: task.id, version: task.version, system: 'model' as const, language: 'en' }
    const guessing = Array.from({ length: 100 }, (_, i) => classified(i, i % 10))
    const results = resultsOf([{ column, records: guessing }], [task])
    expect(results[0].warnings).toContain('acc1 does not differ from guessing')
    expect(columnsNearChance([results, results])).toEqual(['flag-countries en'])
    const right = resultsOf([{ column, records: guessing.map((it) => ({ ...it, better: 0 })) }], [task])
    expect(columnsNearChance([results, right])).toEqual([])
  })

  it('2: the first sample of a file without a header is dropped, and languages differ in their pictures', async () => {
    await writeFile(at('names.txt'), 'a.jpg\nb.jpg\nc.jpg\n')
    await writeFile(at('de.txt'), 'eins\nzwei\ndrei\n')
    await writeFile(at('fr.txt'), 'un\ndeux\ntrois\n')
    const load = (code: string) =>
      loadFormat({
        format: 'aligned-lines',
        names: at('names.txt'),
        captions: at(`${code}.txt`),
        images: folder,
      })
    const [german, french] = (await Promise.all([load('de'), load('fr')])) as RetrievalData[]
    expect(german.captions.length).toBe(3)
    expect(french.pictures).toEqual(german.pictures)
  })

  it('3: templates of another language, without a slot, or repeated', () => {
    expect(warningsOf(classification(['{c} 사진', '{c} 그림'], ['قطة']), 'ar')).toEqual([
      '100 % of the templates are not in the script of "ar"',
    ])
    expect(() => warningsOf(classification(['фото {с}'], ['кошка']), 'ru')).toThrow('has no slot {c}')
    expect(warningsOf(classification(['{c}', '{c}'], ['猫', '猫']), 'zh')).toEqual([
      '1 of 2 templates are repeated',
      '1 of 2 class names are repeated',
    ])
    expect(warningsOf(classification(['a photo of a {c}'], ['cat', 'dog']), 'en')).toEqual([])
  })

  it('4: a set without templates silently takes those of ImageNet, and a metric is registered with a typing error', () => {
    const parsed = formatSchema.parse({ format: 'idx', images: 'x', labels: 'y', classes: ['0'] })
    expect(parsed).toMatchObject({ templates: ['{c}'] })
    for (const key of ['text', 'image', 'group']) expect(metricOf(key, 'pair').higherIsBetter).toBe(true)
    expect(() => metricOf('text_scrore', 'pair')).toThrow('is no metric of pair samples')
  })

  it('5: a folder that does not exist', async () => {
    await writeFile(at('classes.json'), '{"n01": "x"}')
    const options = { format: 'folders' as const, images: at('imagenet-a_ko'), classes: at('classes.json') }
    await expect(loadFormat({ ...options, templates: ['{c}'] })).rejects.toThrow(
      'imagenet-a_ko: no such folder',
    )
  })

  it('6: a data set that fails is missing from the results, and the cache knows a model by its name', async () => {
    const model: EmbeddingModel = {
      name: 'same',
      fingerprint: 'first',
      encodeText: async (texts) => rows(...texts.map(() => [0, 0])),
      encodeImage: async (pictures) => rows(...pictures.map(() => [0, 0])),
      dispose: async () => {},
    }
    const tasks = findTasks(['shape-pairs'])
    const options = { output: at('run'), cache: at('cache'), languages: ['en'] }
    const { results } = await run(model, tasks, options)
    const failed = results.find(({ system }) => system === 'model')
    expect(failed?.error?.message).toContain('has length 0')
    const other = await EmbeddingCache.open(at('cache'), 'second')
    const first = await EmbeddingCache.open(at('cache'), 'first')
    const keys = ['00'.repeat(32)]
    await first.put(keys, [Float32Array.of(1)])
    expect(other.get(keys[0])).toBeUndefined()
    await first.close()
    await other.close()
  })

  it('7: scores are rounded to half precision before they are compared', async () => {
    // 1e-4 apart: the same number in float16.
    const ranks = await rankCandidates(rows([1, 0]), rows([0.9999, 0.0141], [0.9998, 0.02]), [0])
    expect([ranks.better[0], ranks.equal[0]]).toEqual([0, 0])
  })

  it('8: a table in GB18030 is read as UTF-8', async () => {
    await writeFile(at('cn.csv'), Buffer.from('cce1cabeb4ca2cd1d5c9ab0abaec2c310a', 'hex'))
    expect(readImageEval(at('cn.csv'))).toEqual([{ 提示词: '红', 颜色: '1' }])
  })
})

describe('CLIP_benchmark', () => {
  it('9: only the first caption of a picture counts, and acc5 of few classes looks like a score', async () => {
    const entry = { filename: 'a.jpg', split: 'test', sentences: [{ raw: 'x' }, { raw: 'y' }, { raw: 'z' }] }
    await writeFile(at('k.json'), JSON.stringify({ images: [entry] }))
    const data = await loadFormat({ format: 'karpathy', file: at('k.json'), images: folder, split: 'test' })
    expect((data as RetrievalData).captions.length).toBe(3)
    const few = [{ ...classified(0, 2), candidates: 3 }]
    const { value, chance } = score(few, 'acc5')
    expect([value, chance]).toEqual([1, 1])
  })
})

describe('FlagEvalMM', () => {
  it('10: captions for a picture are taken to be columns divided by rows', async () => {
    const data: RetrievalData = {
      kind: 'retrieval',
      pictures: ['p', 'q'].map((id) => ({ id, input: id })),
      captions: [0, 0, 1].map((picture, i) => ({ id: `${i}`, text: `t${i}`, picture })),
    }
    const records = await evaluate(
      data,
      lookUp({ p: [1, 0], q: [0, 1], t0: [1, 0.1], t1: [1, 0.2], t2: [0.1, 1] }),
    )
    expect(records.length).toBe(5)
    expect([score(records, 'IR@1').value, score(records, 'TR@1').value]).toEqual([1, 1])
    expect(records.filter((it) => 'right' in it && it.right === 2).length).toBe(1)
  })

  it('10: pictures of bytes are scored as their colour negatives', async () => {
    const dark = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .composite([
        { input: { create: { width: 4, height: 8, channels: 3, background: '#000' } }, left: 0, top: 0 },
      ])
      .png()
      .toBuffer()
    const { data } = await pixelVectors([dark])
    expect(data[0]).toBeLessThan(0)
    expect(data[3 * 31]).toBeGreaterThan(0)
  })
})

describe('HELM', () => {
  it('11: an empty answer is perfect', () => {
    expect(tokenF1('', 'x')).toBe(0)
    const record = {
      sample: '1',
      document: '1',
      request: '1',
      kind: 'answer' as const,
      answer: '',
      references: ['x'],
    }
    for (const name of ['exact_match', 'quasi_exact_match', 'f1']) expect(score([record], name).value).toBe(0)
  })
})

describe('lm-eval', () => {
  it('12: no error bar for bits per byte', () => {
    const records = [1, 2, 3, 4].map(
      (n): RecordOf<'likelihood'> => ({
        sample: `${n}`,
        document: `${n}`,
        request: `${n}`,
        kind: 'likelihood',
        logLikelihood: -n * Math.LN2,
        bytes: 2,
        words: 1,
      }),
    )
    const { value, low, high } = score(records, 'bits_per_byte')
    expect(value).toBeCloseTo(bitsPerByte(records), 12)
    expect(low).toBeLessThan(value)
    expect(high).toBeGreaterThan(value)
  })

  it('12: two runs on the same samples are compared as if they were not', () => {
    const first = Array.from({ length: 220 }, (_, i) => classified(i, i < 110 ? 0 : 1))
    const second = first.map((it, i) => ({ ...it, better: i < 3 ? 1 : i >= 110 && i < 125 ? 0 : it.better }))
    const { p, test } = compare(first, second, 'acc1')
    expect(test).toBe('McNemar, mid-p')
    expect(p).toBeLessThan(0.01)
  })

  it('12: acc_norm divides by characters where its paper says bytes: both are there', () => {
    // Five characters of fifteen bytes, and seven of seven.
    const choice = { choices: ['红色的圆形', 'circles'], logLikelihoods: [-10, -7] }
    expect(preferredChoice(choice, 'acc_norm')).toBe(1)
    expect(preferredChoice(choice, 'acc_bytes')).toBe(0)
  })
})

describe('mteb', () => {
  it('13: one picture and several captions are always wrong', async () => {
    const [text] = [lookUp({ p: [1, 0], right: [1, 0.1], wrong: [0, 1], other: [0.5, 1] })]
    const picture = { id: 'p', input: 'p' }
    const sample = {
      id: '1',
      cluster: '1',
      category: 'x',
      picture,
      right: 'right',
      wrong: ['wrong', 'other'],
    }
    const records = await evaluate({ kind: 'foil', samples: [sample] }, text)
    expect(score(records, 'foil_accuracy').value).toBe(1)
  })
})

describe('Aquila2', () => {
  it('14: probabilities go through a softmax twice', () => {
    // Of probabilities .9 and .1: (.1² + .1²); softmax again would give .69 and .31.
    expect(brierScore([Math.log(0.9), Math.log(0.1)], 0)).toBeCloseTo(0.02, 12)
  })
})
