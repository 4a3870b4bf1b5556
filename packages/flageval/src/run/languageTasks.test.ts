import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tensor } from '@flag/core-tensor'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEmojiGalleries } from '../datasets/emoji.ts'
import { readHumanEval } from '../datasets/formats/texts.ts'
import { ownFolder } from '../datasets/packages.ts'
import { adaptiveBytes } from '../models/adaptiveBytes.ts'
import type { EmbeddingModel, PictureInput } from '../models/embedding.ts'
import type { GeneratingModel } from '../models/generating.ts'
import type { LanguageModel } from '../models/languageModel.ts'
import { findTasks, readTasks } from '../tasks/task.ts'
import { run } from './run.ts'
import { openRun, validate } from './validate.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-kinds-'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (name: string) => ({ output: at(name), cache: at('cache') })

describe('language tasks', () => {
  it('of every kind run offline with the baseline, in twelve languages', async () => {
    const tasks = findTasks(['udhr-likelihood', 'udhr-endings', 'udhr-language-high', 'glosses-high'])
    const { results } = await run(adaptiveBytes, tasks, options('baseline'))
    expect(await validate(at('baseline'))).toEqual([])
    expect(results.length).toBe(12 + 12 + 1 + 1)
    const primary = (task: string, language: string) =>
      results.find((it) => it.task === task && it.language === language)?.scores?.[0]
    for (const { language } of results.filter(({ task }) => task === 'udhr-likelihood')) {
      const { value = 0, low = 0, high = 0 } = primary('udhr-likelihood', language) ?? {}
      expect(value).toBeGreaterThan(2)
      expect(value).toBeLessThan(7)
      expect(low < value && value < high).toBe(true)
    }
    expect(primary('glosses-high', 'en')?.chance).toBe(0.25)
    expect(primary('udhr-language-high', 'mul')?.majority).toBeCloseTo(1 / 12, 12)
  })

  it('run programs where that is allowed', async () => {
    const known = join(ownFolder(), 'tasks/small-programs.jsonl')
    const problems = readHumanEval(known).slice(0, 3)
    await writeFile(at('three.jsonl'), problems.map((it) => JSON.stringify(it)).join('\n'))
    const file = at('three.yaml')
    await writeFile(
      file,
      `{id: three, version: 1, title: Three, kind: code, tier: low, synthetic: false, languages: [en], samples: 3,
        dataset: {format: human-eval, file: three.jsonl, language: javascript, answers: 2, until: ["\\n}"]},
        metrics: [pass@1], primary: pass@1, licence: none}`,
    )
    // Right the first time, and the second time wrong.
    const solver: LanguageModel = {
      name: 'solver',
      fingerprint: 'solver',
      generate: async (requests) =>
        requests.map(({ prompt, repeat }) =>
          repeat === 0
            ? String(problems.find((it) => it.prompt === prompt)?.canonical_solution)
            : '  return null',
        ),
      dispose: async () => {},
    }
    const refused = await run(solver, readTasks(file), options('refused'))
    expect(refused.results[0].error?.message).toContain('runs programs')
    const { results } = await run(solver, readTasks(file), { ...options('allowed'), allowCode: true })
    expect(results[0].scores?.[0].value).toBe(0.5)
  })

  it('that a model cannot do are errors in the results', async () => {
    const writer: LanguageModel = {
      name: 'w',
      fingerprint: 'w',
      generate: async () => [],
      dispose: async () => {},
    }
    const { results } = await run(writer, findTasks(['glosses-low', 'shape-pairs']), {
      ...options('cannot'),
      languages: ['en'],
    })
    const errors = results.flatMap(({ error }) => (error ? [error.message] : []))
    expect(errors).toEqual([
      'w gives no log-probabilities, which this task needs',
      'w gives no vectors, which the task shape-pairs needs',
    ])
  })
})

/** Vectors of three numbers that hang on the bytes: enough for the arithmetic. */
const encoder: EmbeddingModel = {
  name: 'lengths',
  fingerprint: 'lengths',
  encodeText: async (texts) => rows(texts.map((text) => text.length)),
  encodeImage: async (pictures) =>
    rows(pictures.map((it) => (typeof it === 'string' ? it.length : it.length % 97))),
  dispose: async () => {},
}
const rows = (sizes: number[]) =>
  new Tensor(
    'float32',
    [sizes.length, 3],
    Float32Array.from(sizes.flatMap((n) => [Math.sin(n), Math.cos(n), 1])),
  )

describe('what models make', () => {
  const { captions, pictures } = loadEmojiGalleries('en', { gallery: 280 }).episodes[0].data
  const open = { openEncoder: async () => encoder }

  it('is scored by the encoder that the task names', async () => {
    const model: GeneratingModel = {
      name: 'copier',
      fingerprint: 'copier',
      drawPictures: async (prompts) =>
        prompts.map(({ id }) => pictures.find((it) => it.id === id)?.input as PictureInput),
      describePictures: async (shown) =>
        shown.map(({ id }) => captions[pictures.findIndex((it) => it.id === id)].text),
      dispose: async () => {},
    }
    const tasks = findTasks(['emoji-drawings', 'emoji-captions', 'emoji-distance'])
    const { run: info, results } = await run(model, tasks, { ...options('copies'), ...open })
    expect(info.encoders).toEqual({ 'altclip-emoji-m12': 'lengths' })
    expect(await validate(at('copies'))).toEqual([])
    const scores = new Map(results.flatMap((it) => it.scores ?? []).map((it) => [it.metric, it]))
    expect(scores.get('CLIPScore')?.chance).toBeGreaterThan(0)
    // The reference is the caption itself: the harmonic mean of the score and 1.
    const records = (await openRun(at('copies'))).logs.find(({ column }) => column.task === 'emoji-captions')
    const own = records && 'records' in records ? records.records : []
    expect(own.every((it) => it.kind === 'clip-score' && Math.abs((it.reference ?? 0) - 1) < 1e-6)).toBe(true)
    const { value = 1, low = 0, high = 0, interval } = scores.get('FID') ?? {}
    expect(value).toBeCloseTo(0, 5)
    expect(low <= value && value <= high).toBe(true)
    expect(interval).toBe('jackknife')
    expect(scores.get('KID')?.value).toBeLessThan(0)
    const arrow = tableFromIPC(await readFile(at('copies/samples.arrow')))
    expect(arrow.numRows).toBe(280 + 280 + 560)
    expect(JSON.parse(arrow.get(600)?.record)).toMatchObject({ kind: 'feature', set: 'drawn' })
  })

  it('is an error where something is missing', async () => {
    const model: GeneratingModel = {
      name: 'half',
      fingerprint: 'half',
      drawPictures: async (prompts) => prompts.slice(1).map(() => new Uint8Array(3)),
      dispose: async () => {},
    }
    const { results } = await run(model, findTasks(['emoji-captions', 'emoji-drawings']), {
      ...options('half'),
      ...open,
    })
    expect(results.map(({ error }) => error?.message)).toEqual([
      'half makes no captions, which this task needs',
      'half gave 279 outputs for 280 samples',
    ])
  })
})
