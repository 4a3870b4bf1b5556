import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const documents = [
  'README.md',
  'packages/core-tensor/README.md',
  'packages/flagai/README.md',
  'packages/flagdata/README.md',
  'docs/guide/getting-started.md',
  'docs/guide/text-to-tokens.md',
  'docs/packages/core-tensor.md',
  'docs/packages/ai.md',
  'docs/packages/data.md',
  'packages/flagperf/README.md',
  'docs/packages/perf.md',
  'packages/flageval/README.md',
  'docs/packages/eval.md',
  'packages/report/README.md',
  'docs/packages/report.md',
]

// The examples speak of these files in the current folder; they are drawn in the style that the model never saw.
const pictures = { 'cat.png': '1F408', 'bicycle.png': '1F6B2', 'rose.png': '1F339' }

/** The TypeScript blocks of a Markdown file. */
function examplesOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
}

let folder: string
const before = process.cwd()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flag-examples-'))
  for (const [name, code] of Object.entries(pictures)) {
    const svg = join(root, 'node_modules/openmoji/color/svg', `${code}.svg`)
    await sharp(svg, { density: 300 }).flatten({ background: 'white' }).png().toFile(join(folder, name))
  }
  await mkdir(join(root, 'out/examples'), { recursive: true })
  process.chdir(folder)
})

afterAll(async () => {
  process.chdir(before)
  await rm(folder, { recursive: true })
})

describe.each(documents)('%s', (document) => {
  it('has examples that run as they stand', async () => {
    const examples = examplesOf(await readFile(join(root, document), 'utf8'))
    expect(examples.length).toBeGreaterThan(0)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    for (const [i, code] of examples.entries()) {
      // Below the root, so that the names of the packages lead to their sources.
      const file = join(root, 'out/examples', `${document.replaceAll('/', '-')}-${i}.ts`)
      await writeFile(file, code)
      await import(/* @vite-ignore */ pathToFileURL(file).href)
    }
    expect(log.mock.calls.length).toBeGreaterThan(0)
    log.mockRestore()
  })
})
