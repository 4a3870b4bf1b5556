// The tasks of goldens/lmEval against what lm-eval makes of them; made by tools/oracles/lm_eval_tasks.py.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rollingWindows } from '../models/tokenModel.ts'
import type { RecordOf } from '../records/record.ts'
import { RequestCache } from '../run/requestCache.ts'
import {
  describeGroups,
  describeTask,
  isGroup,
  lmEvalResults,
  loadTasks,
  runTask,
  type ScoredTask,
  tasksOf,
} from './index.ts'
import { customValues } from './results.ts'
import { hashModel } from './testing/hashModel.ts'

const folder = fileURLToPath(new URL('../../goldens/lmEval/', import.meta.url))
const goldens = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as {
  iterations: number
  runs: Record<string, Record<string, Record<string, unknown>>>
  windows: [number, number, [number[], number[]][]][]
}

let cacheFolder: string
let cache: RequestCache
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'flageval-lm-'))
  cache = await RequestCache.open(cacheFolder, hashModel.fingerprint)
})
afterAll(async () => {
  await cache.close()
  await rm(cacheFolder, { recursive: true })
})

async function runOf(name: string) {
  const [loaded] = await loadTasks([join(folder, 'tasks', `${name}.yaml`)])
  const groups = isGroup(loaded) ? describeGroups(loaded) : []
  const tasks = isGroup(loaded) ? tasksOf(loaded) : [loaded]
  const scored: ScoredTask[] = []
  for (const task of tasks) {
    const records = (await runTask(hashModel, task, cache)) as RecordOf<'prompted'>[]
    scored.push({ info: describeTask(task, {}), records, custom: customValues(task, records) })
  }
  return { scored, results: lmEvalResults(scored, groups, { iterations: goldens.iterations, samples: true }) }
}

/** Equal, numbers to twelve digits. */
function expectSame(found: unknown, wanted: unknown, path: string): void {
  if (typeof wanted === 'number' && typeof found === 'number') {
    expect(Math.abs(found - wanted), `${path}: ${found}, lm-eval ${wanted}`).toBeLessThanOrEqual(
      1e-12 * Math.max(1, Math.abs(wanted)),
    )
    return
  }
  if (wanted === null || typeof wanted !== 'object') {
    expect(found, path).toBe(wanted)
    return
  }
  expect(Object.keys(found as object).sort(), path).toEqual(Object.keys(wanted).sort())
  for (const [key, value] of Object.entries(wanted))
    expectSame((found as Record<string, unknown>)[key], value, `${path}.${key}`)
}

describe('lm-eval', () => {
  it.each(Object.keys(goldens.runs))('%s has the same prompts and the same results.json', async (name) => {
    const { prompts, first, ...wanted } = goldens.runs[name]
    const { results } = await runOf(name)
    const samples = results.samples as Record<
      string,
      { prompt_hash: string; filter: string; arguments: unknown }[]
    >
    for (const [task, list] of Object.entries(samples)) {
      expect(list[0].arguments, task).toEqual(first[task])
      const own = list.filter(({ filter }) => filter === list[0].filter)
      expect(
        own.map(({ prompt_hash }) => prompt_hash.slice(0, 8)),
        task,
      ).toEqual(prompts[task])
    }
    for (const [key, value] of Object.entries(wanted)) expectSame(results[key], value, `${name}.${key}`)
  })

  it('cuts texts into the same windows', () => {
    const tokens = Array.from({ length: 34 }, (_, i) => i)
    for (const [length, context, windows] of goldens.windows) {
      const own = rollingWindows(tokens, -100, length, context)
      expect(own.map((it) => [it.context, it.continuation])).toEqual(windows)
    }
    expect(rollingWindows([], 0, 8)).toEqual([])
    expect(() => rollingWindows(tokens, 0, 8, 9)).toThrow('expected 1 to 8')
  })

  it('hashes prompts as lm-eval does', async () => {
    const { results, scored } = await runOf('ll_cloze')
    const [sample] = (results.samples as Record<string, { prompt_hash: string }[]>).ll_cloze
    expect(sample.prompt_hash).toBe(createHash('sha256').update(scored[0].records[0].prompt).digest('hex'))
  })
})
