import { createHash } from 'node:crypto'
import { appendFile, cp, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tensor } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EmbeddingModel } from '../models/model.ts'
import { compare } from '../score/score.ts'
import { allTasks } from '../tasks/task.ts'
import { EmbeddingCache, embed } from './embeddingCache.ts'
import { run } from './run.ts'
import { openRun, validate } from './validate.ts'

const WIDTH = 8
const tasks = allTasks().filter(({ id }) => id === 'shape-foils' || id === 'shape-pairs')
const languages = ['en', 'ja']

/** Vectors that depend on the request alone; counts what it is asked and can fail after some requests. */
function hashModel(failAfter = Number.POSITIVE_INFINITY) {
  const asked: string[] = []
  const rows = (keys: string[]) => {
    if (asked.length + keys.length > failAfter) throw new Error('killed')
    asked.push(...keys)
    const data = keys.flatMap((key) => {
      let state = 7
      for (const char of key) state = (Math.imul(state, 31) + (char.codePointAt(0) as number)) | 0
      return Array.from({ length: WIDTH }, (_, k) => Math.sin(state * (k + 1)))
    })
    return new Tensor('float32', [keys.length, WIDTH], Float32Array.from(data))
  }
  const model: EmbeddingModel = {
    name: 'hash',
    fingerprint: 'hash 1',
    encodeText: async (texts) => rows(texts),
    encodeImage: async (pictures) =>
      rows(pictures.map((it) => Buffer.from(it as Uint8Array).toString('latin1'))),
    dispose: async () => {},
  }
  return { model, asked }
}

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-'))
  await run(hashModel().model, tasks, { output: at('whole'), cache: at('cache'), languages })
})
afterAll(() => rm(folder, { recursive: true }))

const samplesOf = (name: string) => readFile(join(at(name), 'samples.jsonl'), 'utf8')
const resultsOf = (name: string) => readFile(join(at(name), 'results.json'), 'utf8')

describe('a run', () => {
  it('is complete, and its results follow from its samples', async () => {
    expect(await validate(at('whole'))).toEqual([])
    const { logs } = await openRun(at('whole'))
    expect(logs.map(({ column }) => `${column.task} ${column.language}`)).toEqual([
      'shape-foils *',
      'shape-foils en',
      'shape-foils ja',
      'shape-pairs *',
      'shape-pairs en',
      'shape-pairs ja',
    ])
  })

  it('asks for nothing twice', async () => {
    const { model, asked } = hashModel()
    await run(model, tasks, { output: at('again'), cache: at('again-cache'), languages })
    expect(new Set(asked).size).toBe(asked.length)
    expect(await samplesOf('again')).toBe(await samplesOf('whole'))
    const second = hashModel()
    await run(second.model, tasks, { output: at('cached'), cache: at('again-cache'), languages })
    expect(second.asked).toEqual([])
  })

  it('that is killed while it asks goes on with the same results', async () => {
    for (const failAfter of [0, 70, 130, 200, 300, 420]) {
      const options = { output: at(`killed-${failAfter}`), cache: at(`cache-${failAfter}`), languages }
      const killed = hashModel(failAfter)
      await expect(run(killed.model, tasks, options)).rejects.toThrow('killed')
      const resumed = hashModel()
      await run(resumed.model, tasks, options)
      // What was asked before the kill and after it is everything, once.
      const asked = [...killed.asked, ...resumed.asked]
      expect(asked.length).toBe(new Set(asked).size)
      expect(await resultsOf(`killed-${failAfter}`)).toBe(await resultsOf('whole'))
    }
  })

  it('that is killed while it writes goes on with the same results', async () => {
    const whole = await samplesOf('whole')
    const bytes = Buffer.byteLength(whole)
    for (const share of [0.01, 0.2, 0.5, 0.77, 0.999]) {
      const name = `cut-${share}`
      await cp(at('whole'), at(name), { recursive: true })
      await truncate(join(at(name), 'samples.jsonl'), Math.floor(share * bytes))
      await rm(join(at(name), 'results.json'))
      await run(hashModel().model, tasks, { output: at(name), cache: at('cache'), languages })
      expect(await samplesOf(name)).toBe(whole)
      expect(await resultsOf(name)).toBe(await resultsOf('whole'))
    }
  })

  it('is not mistaken for another one', async () => {
    const { model } = hashModel()
    const other = { ...model, fingerprint: 'hash 2' }
    const options = { output: at('whole'), cache: at('cache'), languages }
    await expect(run(other, tasks, options)).rejects.toThrow('holds another run: model')
    await expect(run(model, tasks.slice(1), options)).rejects.toThrow('holds another run: tasks')
  })

  it('shows a change of its samples', async () => {
    await cp(at('whole'), at('changed'), { recursive: true })
    const path = join(at('changed'), 'samples.jsonl')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('"right":', '"right":1'))
    await expect(validate(at('changed'))).rejects.toThrow('are not those')
    await writeFile(path, text)
    await appendFile(path, '{"kind":"pa')
    expect(await validate(at('changed'))).toEqual([])
    await writeFile(
      join(at('changed'), 'results.json'),
      (await resultsOf('changed')).replace('"value": 0', '"value": 1'),
    )
    expect((await validate(at('changed')))[0]).toContain('does not follow')
  })

  it('keeps a failed column as an error and scores it the next time', async () => {
    const { model } = hashModel()
    const broken: EmbeddingModel = {
      ...model,
      encodeImage: async (pictures) =>
        new Tensor('float32', [pictures.length, 2], new Float32Array(2 * pictures.length)),
    }
    const options = { output: at('failed'), cache: at('failed-cache'), languages: ['en'] }
    const { results } = await run(broken, tasks, options)
    expect(results[1].error?.message).toContain('has length 0')
    expect((await validate(at('failed'))).length).toBeGreaterThan(0)
  })

  it('compares with itself as equal', async () => {
    const { logs } = await openRun(at('whole'))
    const [, foils, , , pairs] = logs
    if (!('records' in foils && 'records' in pairs)) throw new Error('no records')
    const same = compare(pairs.records, pairs.records, 'group')
    expect([same.difference, same.p]).toEqual([0, 1])
    const changed = foils.records.map((record) => ({ ...record, document: 'x' }))
    expect(() => compare(foils.records, changed, 'foil_accuracy')).toThrow('not the same in both runs')
  })
})

describe('the cache', () => {
  it('belongs to one fingerprint and drops what is damaged', async () => {
    const place = at('vectors')
    const { model, asked } = hashModel()
    const cache = await EmbeddingCache.open(place, 'a')
    const texts = Array.from({ length: 70 }, (_, i) => `text ${i}`)
    const first = await embed(model, cache, 'text', [...texts, ...texts])
    expect(asked.length).toBe(70)
    await cache.close()

    const other = await EmbeddingCache.open(place, 'b')
    expect(other.get(first.keys[0])).toBeUndefined()
    await other.close()

    const again = await EmbeddingCache.open(place, 'a')
    const second = await embed(model, again, 'text', [...texts, ...texts])
    expect(asked.length).toBe(70)
    expect(second.vectors.data).toEqual(first.vectors.data)
    await again.close()

    // The second batch, of six vectors, is cut off in its middle.
    const name = `${createHash('sha256').update('a').digest('hex').slice(0, 32)}.vectors`
    await truncate(join(place, name), (await stat(join(place, name))).size - 50)
    const cut = await EmbeddingCache.open(place, 'a')
    const third = await embed(model, cut, 'text', texts)
    expect(asked.slice(70)).toEqual(texts.slice(64))
    expect(third.vectors.data).toEqual(first.vectors.data.subarray(0, 70 * WIDTH))
    await cut.close()
  })
})
