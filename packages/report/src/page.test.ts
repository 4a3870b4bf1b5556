import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, startBrowser } from '../../../tools/repo/browser.ts'
import type { Report } from './contract.ts'
import { writeReport } from './render.ts'
import { exampleReport, exampleSections } from './testing/example.ts'

const ROWS = 100_000

describe.skipIf(!hasBrowser)('the page in a browser', () => {
  let folder: string
  let browser: Awaited<ReturnType<typeof startBrowser>>
  const file = (name: string) => join(folder, `${name}.html`)
  const open = async (name: string, report: Report, options?: Parameters<typeof browser.open>[1]) => {
    await writeReport(file(name), report)
    return browser.open(file(name), options)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-page-'))
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(['light', 'dark'] as const)(
    'draws every kind of section (%s), asks for nothing and reports nothing',
    async (colorScheme) => {
      const { page, problems } = await open('every', exampleReport, { colorScheme })
      await page.locator('.roofline svg circle').first().waitFor()
      expect(await page.title()).toBe(exampleReport.title)
      expect(await page.locator('main h2').allTextContents()).toEqual(
        exampleReport.sections.map(({ title }) => title),
      )
      expect(await page.locator('nav a').count()).toBe(exampleReport.sections.length)
      // Histogram and ECDF, two panels of the timeline, roofline, comparison, scatter.
      expect(await page.locator('.chart > svg').count()).toBe(7)
      expect(await page.locator('.comparison .intervals line').count()).toBe(2)
      expect(await page.locator('.roofline svg circle').count()).toBe(2)
      expect(await page.locator('.radar polygon.shape').count()).toBe(2)
      expect(await page.locator('.funnel .stage').count()).toBe(3)
      expect(problems).toEqual([])
      await page.close()
    },
  )

  it.each(['light', 'dark'] as const)(
    'breaks no rule of accessibility that axe knows (%s)',
    async (colorScheme) => {
      const { page } = await open('accessible', exampleReport, { colorScheme })
      await page.locator('.roofline svg circle').first().waitFor()
      await page.locator('.list').getByRole('option').first().click()
      await page.evaluate(axe.source)
      const { violations } = (await page.evaluate('axe.run()')) as AxeResults
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
      await page.close()
    },
  )

  it('sorts and filters a table, and saves what is left', async () => {
    const { page, problems } = await open('table', { title: 'table', sections: [exampleSections.table] })
    const operators = () => page.locator('.table tbody td:first-child').allTextContents()
    expect(await operators()).toEqual(['Conv', 'MatMul', 'Gelu', 'Softmax', 'Add', 'Gather'])
    await page.getByRole('button', { name: 'operator' }).click()
    expect(await operators()).toEqual(['Add', 'Conv', 'Gather', 'Gelu', 'MatMul', 'Softmax'])
    // What is not known stays last, whichever way.
    for (const last of ['Add', 'Add']) {
      await page.getByRole('button', { name: 'rate' }).click()
      expect((await operators()).at(-1)).toBe(last)
    }
    await page.getByRole('searchbox').fill('ma rate>4')
    expect(await operators()).toEqual(['MatMul'])
    expect(await page.locator('.table output').textContent()).toBe('1 of 6 rows')
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as CSV' }).click()
    const saved = await (await downloading).path()
    expect(await readFile(saved, 'utf8')).toBe(
      'operator,time (ms),rate (GFLOP/s),rate (GFLOP/s) low,rate (GFLOP/s) high\r\nMatMul,4.2,90.5,88,93\r\n'.replace(
        '90.5',
        '90.5',
      ),
    )
    expect(problems).toEqual([])
    await page.close()
  })

  it('opens samples by mouse and keyboard, and filters them', async () => {
    const { page, problems } = await open('samples', {
      title: 'samples',
      sections: [exampleSections.samples],
    })
    await page.locator('.list').getByRole('option').first().click()
    expect(await page.locator('.detail h3').textContent()).toBe('sample 0')
    expect(await page.locator('.detail .problem').textContent()).toBe('Took a cat for a dog.')
    expect(await page.locator('.detail del').textContent()).toBe('someone@example.org')
    expect(await page.locator('.detail ins').textContent()).toBe('email@example.com')
    const loaded = "document.querySelector('.detail .pictures img').naturalWidth"
    expect(await page.evaluate(loaded)).toBe(1)
    await page.getByRole('listbox').press('ArrowDown')
    expect(await page.locator('.detail h3').textContent()).toBe('قطة على سجادة')
    const direction = "getComputedStyle(document.querySelector('.detail .text p')).direction"
    expect(await page.evaluate(direction)).toBe('rtl')
    await page.getByRole('listbox').press('End')
    expect(await page.locator('.detail h3').textContent()).toBe('sample 299')
    await page.getByLabel('outcome').selectOption('wrong')
    expect(await page.locator('.samples output').textContent()).toContain('100 of 300 samples')
    await page.getByRole('searchbox').fill('سجادة')
    expect(await page.locator('.samples output').textContent()).toContain('50 of 300 samples')
    expect(problems).toEqual([])
    await page.close()
  })

  it('ranks models by what the filters leave, baselines aside', async () => {
    const { page, problems } = await open('leaders', { title: 'x', sections: [exampleSections.leaderboard] })
    const rows = () => page.locator('.leaders tbody tr').allInnerTexts()
    const [first, second, baseline] = await rows()
    expect(first).toMatch(/^1\s+large\s+57\.5 %/)
    expect(second).toMatch(/^2\s+small\s+37\.5 %\s+\[34\.5 %, 40\.5 %\]/)
    // It lacks a task: no mean, which would be of other numbers than those of the models.
    expect(baseline).toMatch(/^\s*raw pixels\s+20\.0 %/)
    expect(await page.locator('.leaders .baseline td').nth(1).textContent()).toBe('')
    await page.getByLabel('language').selectOption('ar')
    await page.getByLabel('task').selectOption('flags')
    expect((await rows())[0]).toMatch(/large\s+50\.0 %/)
    await page.getByLabel('columns').selectOption('language')
    expect(await page.locator('.leaders thead th').allTextContents()).toEqual(['#', 'model', 'mean', 'ar'])
    expect(problems).toEqual([])
    await page.close()
  })

  it('scrolls, sorts and filters a table of 100,000 rows with few of them in the document', async () => {
    const rows = Array.from({ length: ROWS }, (_, i) => [`row ${i}`, (i * 7919) % ROWS, i % 2 === 0])
    const columns = [
      { type: 'text' as const, label: 'name' },
      { type: 'number' as const, label: 'value' },
      { type: 'boolean' as const, label: 'even' },
    ]
    const { page, problems } = await open('long', {
      title: 'long',
      sections: [{ kind: 'table', title: 'long', columns, rows }],
    })
    const first = () => page.locator('.table tbody tr:not(.space) td:first-child').first().textContent()
    expect(await first()).toBe('row 0')
    await page.evaluate("document.querySelector('.scroll').scrollTo(0, 1e9)")
    await page.getByText(`row ${ROWS - 1}`, { exact: true }).waitFor()
    expect(await page.locator('.table tbody tr').count()).toBeLessThan(100)
    await page.getByRole('button', { name: 'value' }).click()
    // 7919 is odd and no multiple of 5, so each value is there once.
    const highest = rows.findIndex(([, value]) => value === ROWS - 1)
    await expect.poll(first).toBe(`row ${highest}`)
    const found = rows.filter(
      (cells, i) => i % 2 === 0 && cells.some((cell) => `${cell}`.includes('1234')),
    ).length
    await page.getByLabel('even').selectOption('yes')
    await page.getByRole('searchbox').fill('1234')
    await expect.poll(() => page.locator('.table output').textContent()).toBe(`${found} of 100,000 rows`)
    expect(problems).toEqual([])
    await page.close()
  })

  it('shows hostile texts as texts', async () => {
    const text = '</script><script>throw 1</script><img src=x onerror=alert(1)> <!-- \u2028 $& \u0000 ‮x'
    const report: Report = {
      title: text,
      warnings: [text],
      sections: [{ kind: 'notes', title: text, items: [{ tone: 'bad', text }] }],
    }
    const { page, problems } = await open('hostile', report)
    expect(await page.locator('h1').textContent()).toBe(text)
    expect(await page.locator('.note p').textContent()).toBe(text)
    expect(problems).toEqual([])
    await page.close()
  })

  it('fits a narrow screen, and prints', async () => {
    const { page, problems } = await open('narrow', exampleReport, { width: 360 })
    await page.locator('.roofline svg circle').first().waitFor()
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBe(0)
    const pdf = await page.pdf({ format: 'A4' })
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(problems).toEqual([])
    await page.close()
  })
})
