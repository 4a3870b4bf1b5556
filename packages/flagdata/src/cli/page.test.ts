import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reportSchema } from '@flag/report'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hasBrowser, startBrowser } from '../../../../tools/repo/browser.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { pageOf } from './page.ts'
import { run } from './program.ts'

const COPIES = 20
const prose = 'The cat sat on the mat and looked at the dog. It was a fine day to be out with friends.'
const terminal = { out: () => {}, err: () => {}, isInteractive: false }

let work: Awaited<ReturnType<typeof temporaryFolder>>
let output: string

beforeAll(async () => {
  work = await temporaryFolder()
  const documents = Array.from({ length: 2 * COPIES }, (_, i) => ({
    id: `d${i}`,
    text:
      i % 2
        ? `short <b>${i}</b>`
        : `no end here\n${prose}\n${`Number ${i} is here, and that is all of it to say. `.repeat(4)}`,
    language: i % 4 === 1 ? 'en' : 'fr',
  }))
  const input = await writeFiles(join(work.path, 'in'), { 'a.jsonl': `${jsonLines(documents)}{broken\n` })
  output = join(work.path, 'out')
  expect(await run(['run', 'c4', '--input', input, '--output', output, '--workers', '1'], terminal)).toBe(0)
})
afterAll(() => work.remove())

it('tells what each step removed and why, and shows as many documents of each reason as asked for', async () => {
  const report = await pageOf(output, { count: 5, seed: 1 })
  expect(reportSchema.safeParse(report).error).toBeUndefined()
  expect(report.sections[0]).toMatchObject({
    kind: 'funnel',
    input: 2 * COPIES,
    stages: [{ name: 'c4', output: COPIES, removed: [{ reason: 'too_few_sentences', count: COPIES }] }],
  })
  expect(report.warnings).toEqual(['Bad input: broken-json, 1 times.'])
  const samples = report.sections.find(({ kind }) => kind === 'samples')
  expect(samples).toMatchObject({ total: COPIES })
  if (samples?.kind !== 'samples') throw new Error('no samples')
  expect(new Set(samples.samples.map(({ id }) => id)).size).toBe(5)
  expect(await pageOf(output, { count: 5, seed: 1 })).toEqual(report)
  // The line that C4 took out, in its place.
  const changes = report.sections.find(({ title }) => title === 'Changed documents')
  if (changes?.kind !== 'samples') throw new Error('no changes')
  expect([changes.total, changes.samples.length]).toEqual([COPIES, 5])
  for (const { outcome, diffs = [] } of changes.samples) {
    expect(outcome.label).toBe('c4')
    expect(diffs[0].spans.slice(0, 2)).toEqual([
      { kind: 'removed', text: 'no end here\n' },
      { kind: 'kept', text: expect.stringMatching(/^The cat sat/) },
    ])
  }
  await expect(pageOf(work.path, { count: 5, seed: 1 })).rejects.toMatchObject({ code: 'not-found' })
})

it.skipIf(!hasBrowser)('flagdata report --html writes a page on which a removed document opens', async () => {
  const html = join(work.path, 'out.html')
  expect(await run(['report', output, '--html', html], terminal)).toBe(0)
  expect(await readFile(html, 'utf8')).not.toContain('<b>1</b>')
  const browser = await startBrowser()
  try {
    const { page, problems } = await browser.open(html)
    expect(await page.locator('.funnel .stage').count()).toBe(2)
    const samples = page.locator('.section.samples').first()
    await samples.getByLabel('language').selectOption('en')
    await samples.locator('.list').getByRole('option').first().click()
    expect(await samples.locator('.detail .problem').textContent()).toMatch(/^c4: too_few_sentences/)
    expect(await samples.locator('.detail .text p').textContent()).toMatch(/^short <b>\d+<\/b>/)
    const changed = page.locator('.section.samples').nth(1)
    await changed.locator('.list').getByRole('option').first().click()
    expect(await changed.locator('.detail del').first().textContent()).toContain('no end here')
    expect(problems).toEqual([])
  } finally {
    await browser.close()
  }
})
