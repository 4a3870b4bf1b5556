import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { corpus } from '../testing/corpus.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { openTokenFile } from '../tokens/files.ts'
import { flagdata } from './testing/flagdata.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
let output: string

beforeAll(async () => {
  work = await temporaryFolder()
  const documents = corpus().slice(0, 200)
  input = await writeFiles(join(work.path, 'crawl'), { 'a.jsonl': `${jsonLines(documents)}{broken\n` })
  output = join(work.path, 'clean')
  const { code } = await flagdata('run', 'c4', '--input', input, '--output', output, '--workers', '1')
  expect(code).toBe(0)
})
afterAll(() => work.remove())

it('analyse describes one corpus, and two beside each other on a page', async () => {
  const one = await flagdata('analyse', input)
  expect([one.code, one.err]).toEqual([0, expect.stringMatching(/^crawl: broken-json: 1\n/)])
  expect(one.out).toMatch(/^crawl: 200 documents\n +mean +least +5 % +median +95 % +greatest\ncharacters +\d/)
  const page = join(work.path, 'page.html')
  const two = await flagdata('analyse', input, output, '--html', page, '--json')
  const [crawl, clean] = JSON.parse(two.out)
  expect([crawl.documents, crawl.name, clean.name]).toEqual([200, 'crawl', 'clean'])
  expect(clean.documents).toBeLessThan(200)
  expect(clean.numbers[0].p50).toBeGreaterThan(crawl.numbers[0].p50)
  expect(await readFile(page, 'utf8')).toContain('Documents of crawl and clean')
  const sampled = JSON.parse((await flagdata('analyse', input, '--sample', '0.25', '--json')).out)
  expect(sampled[0].documents).toBeGreaterThan(25)
  expect(sampled[0].documents).toBeLessThan(75)
})

it('sql asks about kept and removed documents', async () => {
  const sql =
    'SELECT removed.reason AS reason, count(*)::INT AS documents FROM removed GROUP BY 1 ORDER BY 2 DESC'
  const asked = await flagdata('sql', sql, '--from', output, '--json')
  const summary = JSON.parse((await flagdata('status', output, '--json')).out).summary
  expect(
    Object.fromEntries(
      JSON.parse(asked.out).map((row: { reason: string; documents: number }) => [row.reason, row.documents]),
    ),
  ).toEqual(summary.statistics.steps[0].removed)
  expect((await flagdata('sql', sql, '--from', output)).out).toMatch(/^reason +documents\n/)
  expect(
    (await flagdata('sql', 'SELECT count(*)::INT AS n FROM documents', '--from', output, '--json')).out,
  ).toContain(`"n": ${summary.written}`)
  expect((await flagdata('sql', 'SELEC 1')).err).toMatch(/^flagdata: DuckDB: Parser Error/)
  expect((await flagdata('sql', 'SELECT 1', '--from', work.path)).err).toMatch(/no file that DuckDB reads/)
})

it('tokens joins token files', async () => {
  const tokenizer = join(work.path, 'tokenizer.json')
  await writeFile(
    tokenizer,
    JSON.stringify({
      version: '1.0',
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      added_tokens: [
        {
          id: 0,
          content: '<pad>',
          special: true,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
        },
      ],
      model: { type: 'WordLevel', vocab: { '<pad>': 0, a: 1 }, unk_token: '<pad>' },
    }),
  )
  const file = await openTokenFile(join(work.path, 'tokens/00000.ds'), { bytesPerToken: 2, tokenizer })
  for (const length of [3, 9, 4]) await file.add(new Array(length).fill(1))
  await file.commit()
  const options = [
    '--output',
    join(work.path, 'packed'),
    '--order',
    'packed',
    '--length',
    '8',
    '--padding',
    '<pad>',
  ]
  const packed = await flagdata('tokens', join(work.path, 'tokens'), ...options, '--tokenizer', tokenizer)
  expect(packed.out).toMatch(
    /^16 tokens of 3 documents in 1 files in .*\n1 documents were cut, 0 tokens fill up \(0\.00 %\)\n$/,
  )
  expect((await flagdata('tokens', join(work.path, 'tokens'), ...options)).err).toBe(
    'flagdata: --padding needs --tokenizer\n',
  )
})

it.runIf(process.platform === 'linux')('view opens the page in the browser', async () => {
  const opened = join(work.path, 'opened')
  const browser = join(
    await writeFiles(work.path, { browser: `#!/bin/sh\nprintf %s "$1" >'${opened}'\n` }),
    'browser',
  )
  await chmod(browser, 0o755)
  vi.stubEnv('BROWSER', browser)
  // With a display the desktop would be asked first.
  vi.stubEnv('DISPLAY', undefined)
  const { code, err } = await flagdata('view', output)
  vi.unstubAllEnvs()
  const page = join(output, '.flagdata', 'report.html')
  expect([code, err]).toEqual([0, `${page}\n`])
  expect(await readFile(opened, 'utf8')).toContain(page)
  expect(await readFile(page, 'utf8')).toContain('too_few_sentences')
})
