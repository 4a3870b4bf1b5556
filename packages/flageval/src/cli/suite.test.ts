import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reportSchema } from '@flag/report'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boardPage } from '../board/board.ts'
import { openRuns } from '../board/openedRun.ts'
import { openModel } from '../models/model.ts'
import type { BoardCell } from '../run/board.ts'
import { openRun } from '../run/validate.ts'
import { boardTasks } from '../tasks/task.ts'
import { runProgram } from './program.ts'

const languages = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it', 'de', 'pt', 'hi']
const seeds = ['low', 'medium', 'high'] as const

let folder: string
let table: string
let board: BoardCell[]

/** The whole suite with the real model, end to end. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-suite-'))
  const lines: string[] = []
  const terminal = {
    out: (text: string) => void lines.push(text),
    err: () => {},
    isInteractive: false,
  }
  const code = await runProgram(
    [
      ...['run', '--model', 'altclip-emoji-m12', '--suite', 'multilingual-mini'],
      ...['--output', join(folder, 'run'), '--cache', join(folder, 'cache')],
    ],
    { terminal, openModel },
  )
  expect(code).toBe(0)
  table = lines.join('')
  board = JSON.parse(await readFile(join(folder, 'run/results.json'), 'utf8')).board
}, 600_000)
afterAll(() => rm(folder, { recursive: true }))

const cellsOf = (name: string) => board.filter((cell) => cell.board === name)
const cell = (name: string, tier: string) => cellsOf(name).find((it) => it.tier === tier) as BoardCell

describe('the suite multilingual-mini', () => {
  it('has a score with an interval, and chance, for 12 languages, 7 tasks and 3 tiers', () => {
    for (const name of boardTasks)
      for (const tier of seeds) {
        const { languages: own, mean, pixels, gain, chance } = cell(name, tier)
        expect(own.map(({ language }) => language)).toEqual(languages)
        for (const { value, low, high } of [...own, mean, pixels, gain].flatMap((it) => it ?? [])) {
          expect(low).toBeLessThanOrEqual(value)
          expect(high).toBeGreaterThanOrEqual(value)
        }
        expect(pixels).not.toBeNull()
        expect(chance).toBeGreaterThan(0)
      }
    expect(board.length).toBe(21)
  })

  it('prints them as one table a tier', () => {
    for (const tier of seeds) expect(table).toContain(`${tier} difficulty`)
    for (const name of boardTasks) expect(table.split(name).length).toBe(4)
    expect(table.match(/^mean − pixels /gm)?.length).toBe(3)
    expect(table).not.toMatch(/NaN|undefined|failed/)
  })

  it('is harder from tier to tier where the model knows the matter', () => {
    for (const name of ['image classification', 'image retrieval', 'text retrieval']) {
      const [low, medium, high] = seeds.map((tier) => cell(name, tier).mean)
      expect(low.value).toBeGreaterThan(medium.high)
      expect(medium.value).toBeGreaterThan(high.high)
    }
  })

  it('shows where the model beats raw pixels, and that it cannot read', () => {
    for (const name of ['image classification', 'image retrieval', 'text retrieval'])
      for (const tier of seeds) expect(cell(name, tier).gain?.low).toBeGreaterThan(0.25)
    for (const tier of seeds) {
      const { gain, mean, chance } = cell('optical character recognition', tier)
      expect(gain?.high).toBeLessThan(0)
      expect(mean.low).toBeLessThan((chance as number) + 0.03)
    }
  })

  it('becomes a board: every task with its languages, a radar and samples', async () => {
    const report = await boardPage(await openRuns([join(folder, 'run')]), { samples: 1 })
    expect(reportSchema.safeParse(report).error).toBeUndefined()
    const of = (kind: string) => report.sections.filter((section) => section.kind === kind)
    expect([of('leaderboard').length, of('radar').length, of('scatter').length]).toEqual([1, 18, 1])
    expect(of('samples').length).toBe(18)
    expect(report.warnings?.join()).toContain('no model does better than chance')
  })

  it('asks for the same pictures in all tiers', async () => {
    const { logs } = await openRun(join(folder, 'run'))
    const picturesOf = (task: string) =>
      logs.flatMap((log) =>
        log.column.task === task && log.column.language === 'ko' && 'records' in log
          ? [log.records.map(({ sample }) => sample.replace(/^\d+\//, '')).sort()]
          : [],
      )[0]
    expect(picturesOf('mini-classification-high')).toEqual(picturesOf('mini-classification-low'))
    expect(picturesOf('mini-retrieval-high')).toEqual(picturesOf('mini-retrieval-low'))
  })
})
