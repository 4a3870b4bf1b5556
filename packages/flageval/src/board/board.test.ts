import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Report, reportSchema, type SectionKind, type SectionOf, writeReport } from '@flag/report'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, startBrowser } from '../../../../tools/repo/browser.ts'
import { openModel } from '../models/model.ts'
import { run } from '../run/run.ts'
import { compare } from '../score/score.ts'
import { findTasks } from '../tasks/task.ts'
import { boardPage } from './board.ts'
import { type OpenedRun, openRuns } from './openedRun.ts'

/** A model file that knows only how long its input is. */
const model = (name: string, factor: number) => `
export default () => ({
  name: '${name}',
  fingerprint: '${name}',
  encodeText: async (texts) => rows(texts.map((text) => text.length)),
  encodeImage: async (pictures) => rows(pictures.map((picture) => picture.length)),
  dispose: async () => {},
})
const rows = (sizes) => {
  const data = Float32Array.from(sizes.flatMap((size) => [Math.sin(size), Math.cos(size * ${factor}), 1]))
  return { rank: 2, shape: [sizes.length, 3], row: (i) => ({ data: data.subarray(3 * i, 3 * i + 3) }) }
}
`

let folder: string
let runs: OpenedRun[]
let report: Report
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-board-'))
  for (const [name, factor] of [
    ['a', 1],
    ['b', 3],
  ] as const) {
    await writeFile(at(`${name}.mjs`), model(name, factor))
    await run(await openModel(at(`${name}.mjs`)), findTasks(['shape-pairs', 'shape-foils']), {
      output: at(name),
      cache: at('cache'),
      languages: ['en', 'ar', 'ru'],
    })
  }
  runs = await openRuns([at('a'), at('b')])
  report = await boardPage(runs, { samples: 6 })
})
afterAll(() => rm(folder, { recursive: true }))

const sectionsOf = <K extends SectionKind>(kind: K) =>
  report.sections.filter((section): section is SectionOf<K> => section.kind === kind)

describe('the board of two runs', () => {
  it('is what the contract asks for, and so is that of one', async () => {
    expect(reportSchema.safeParse(report).error).toBeUndefined()
    const alone = await boardPage(runs.slice(0, 1), { samples: 2 })
    expect(reportSchema.safeParse(alone).error).toBeUndefined()
    expect(alone.sections.map(({ kind }) => kind)).not.toContain('comparison')
  })

  it('has an entry for every column, with the interval of its score', () => {
    const [{ entries }] = sectionsOf('leaderboard')
    // Of every task, also what comparing pixels gives: once, for it knows no language.
    const baselines = entries.filter(({ model }) => model === 'raw pixels')
    expect(baselines.map(({ task, language }) => [task, language])).toEqual([
      ['shape-pairs', undefined],
      ['shape-foils', undefined],
    ])
    expect(entries.length).toBe(2 * 2 * 3 + baselines.length)
    const column = runs[1].results.find(({ task, language }) => task === 'shape-pairs' && language === 'ar')
    const group = column?.scores?.find(({ metric }) => metric === 'group')
    if (!group) throw new Error('no score')
    const { value, low, high, chance } = group
    expect(entries).toContainEqual({
      model: 'b',
      task: 'shape-pairs',
      tier: 'high',
      language: 'ar',
      value,
      low,
      high,
      chance,
    })
  })

  it('compares the second with the first on the same samples', () => {
    const [{ estimates }] = sectionsOf('comparison')
    expect(estimates.length).toBe(6)
    const [first, second] = runs.map(({ logs }) =>
      logs.find(({ column }) => column.task === 'shape-foils' && column.language === 'ru'),
    )
    if (!first || !second || !('records' in first) || !('records' in second)) throw new Error('no records')
    const { difference, low, high } = compare(first.records, second.records, 'foil_accuracy')
    const found = estimates.find(({ group, name }) => group === 'shape-foils' && name === 'ru')
    expect(found).toMatchObject({ value: difference, low, high })
    const verdicts = estimates.map((it) => [it.verdict?.tone !== 'neutral', it.low > 0 || it.high < 0])
    for (const [isReal, leavesZeroOut] of verdicts) expect(isReal && !leavesZeroOut).toBe(false)
  })

  it('shows the same samples of both, half of them wrong where there are enough, with pictures and captions', () => {
    for (const { samples, pictures = {}, total } of sectionsOf('samples')) {
      expect(samples.length).toBe(6 * 3 * 2)
      expect(total).toBeGreaterThan(samples.length)
      const namesOf = (name: string) =>
        samples.filter(({ facets }) => facets?.model === name).map(({ id }) => id.slice(name.length))
      expect(namesOf('a')).toEqual(namesOf('b'))
      expect(samples.filter(({ outcome }) => outcome.label === 'wrong').length).toBeGreaterThanOrEqual(9)
      for (const sample of samples) {
        expect(sample.pictures?.length).toBeGreaterThan(0)
        expect(sample.outcome.label === 'wrong').toBe(sample.problem !== undefined)
      }
      expect(Object.values(pictures)[0]).toMatch(/^data:image\/webp;base64,/)
    }
  })

  it('warns of few samples, of columns near chance and of odd data', async () => {
    const [first, second] = runs
    const odd = first.logs.map((log) =>
      'records' in log && log.column.language === 'ar'
        ? { ...log, warnings: ['2 of 3 templates are repeated'] }
        : log,
    )
    const { warnings = [] } = await boardPage([{ ...first, logs: odd }, second], { samples: 1 })
    expect(warnings.join('\n')).toMatch(/Fewer than 100 independent units: shape-pairs, shape-foils/)
    expect(warnings).toContain('shape-pairs: 2 of 3 templates are repeated (ar)')
    expect(warnings.filter((text) => text.includes('no model does better than chance')).length).toBe(2)
  })

  it('tells runs of one name apart by their folders', async () => {
    const twice = await openRuns([at('a'), at('a')])
    expect(twice[0].name).toBe(`a (${at('a')})`)
  })
})

describe.skipIf(!hasBrowser)('its page', () => {
  it('has filters that work and samples that open', async () => {
    await writeReport(at('board.html'), report)
    const browser = await startBrowser()
    try {
      const { page, problems } = await browser.open(at('board.html'))
      const heads = () => page.locator('.leaders thead th').allTextContents()
      expect(await heads()).toEqual(['#', 'model', 'mean', 'shape-pairs', 'shape-foils'])
      await page.locator('.leaders').getByLabel('tier').selectOption('high')
      expect(await heads()).toEqual(['#', 'model', 'mean', 'shape-pairs'])
      await page.locator('.leaders').getByLabel('columns').selectOption('language')
      expect(await heads()).toEqual(['#', 'model', 'mean', 'en', 'ru', 'ar'])
      expect(await page.locator('.comparison .intervals line').count()).toBe(6)
      expect(await page.locator('.radar polygon.shape').count()).toBe(4)

      const samples = page.locator('.section.samples').first()
      await samples.getByLabel('language').selectOption('ar')
      await samples.locator('.list').getByRole('option').first().click()
      expect(await samples.locator('.detail .problem').textContent()).toMatch(/^Missed /)
      expect(await samples.locator('.detail .pictures img').count()).toBe(2)
      const caption = samples.locator('.detail .text p').first()
      expect(await caption.getAttribute('lang')).toBe('ar')
      expect(await caption.textContent()).toMatch(/\p{Script=Arabic}/u)
      expect(problems).toEqual([])
    } finally {
      await browser.close()
    }
  })
})
