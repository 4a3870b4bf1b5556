import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allTasks, boardTasks, findTasks, readTasks } from './task.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-task-'))
})
afterAll(() => rm(folder, { recursive: true }))

const good = `
id: mine
version: 2
title: Mine
kind: pair
tier: high
synthetic: true
dataset: shape-pairs
languages: [en]
samples: 126
metrics: [group]
primary: group
licence: none
`

async function read(text: string) {
  const file = join(folder, 'task.yaml')
  await writeFile(file, text)
  return readTasks(file)
}

describe('tasks', () => {
  it('are found by name, by suite and by file', async () => {
    await read(good)
    const [suite, file] = [findTasks(['multilingual', 'shape-pairs']), findTasks([join(folder, 'task.yaml')])]
    expect(suite.length).toBe(16)
    expect(file[0]).toMatchObject({ id: 'mine', version: 2 })
    expect(allTasks().map(({ id }) => id)).toEqual([...new Set(allTasks().map(({ id }) => id))])
  })

  it('of a file with tiers are one for each', async () => {
    const tiers = `${good.replace('tier: high\n', '')}tiers: { low: { title: Easy }, high: { version: 3 } }\n`
    const tasks = await read(tiers)
    expect(tasks.map(({ id, tier, title, version }) => [id, tier, title, version])).toEqual([
      ['mine-low', 'low', 'Easy', 2],
      ['mine-high', 'high', 'Mine', 3],
    ])
    expect(findTasks(['mini-video']).map(({ id }) => id)).toEqual([
      'mini-video-low',
      'mini-video-medium',
      'mini-video-high',
    ])
  })

  it("of the suite are FlagEval's seven in three tiers and twelve languages", () => {
    const tasks = findTasks(['multilingual-mini'])
    for (const tier of ['low', 'medium', 'high']) {
      const own = tasks.filter((task) => task.tier === tier)
      expect(own.flatMap(({ board }) => Object.keys(board ?? {})).sort()).toEqual([...boardTasks].sort())
      for (const { languages } of own) expect(languages.length).toBe(12)
    }
  })

  it('say what is wrong with them', async () => {
    await expect(read(good.replace('pair\n', 'pairs\n'))).rejects.toThrow('task.yaml: kind')
    await expect(read(`${good}colour: red\n`)).rejects.toThrow('colour')
    await expect(read(good.replace('[group]', '[acc1]'))).rejects.toThrow('no metric of pair samples')
    await expect(read(good.replace('primary: group', 'primary: text'))).rejects.toThrow(
      'not among its metrics',
    )
    await expect(read(`${good}options: { size: 3 }\n`)).rejects.toThrow('task.yaml: options')
    await expect(
      read(`${good}outputs: { generate: pictures, encoder: altclip-emoji-m12 }\n`),
    ).rejects.toThrow('task.yaml: outputs')
    await expect(read('a: [1')).rejects.toThrow('task.yaml')
    expect(() => findTasks(['nothing'])).toThrow('no task "nothing"')
  })
})
