import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecipe, run, shippedRecipes } from '../index.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { recipeSample } from '../testing/recipeSample.ts'

const gopher = {
  'gopher-quality: gopher_short_doc': 120,
  'gopher-quality: gopher_too_many_hashes': 20,
  'gopher-quality: gopher_below_alpha_threshold': 3,
  'gopher-quality: gopher_too_many_end_ellipsis': 5,
  'gopher-quality: gopher_too_many_bullets': 3,
  'gopher-quality: gopher_below_avg_threshold': 2,
}

/** What each recipe does with the sample: documents kept, and what removed the others. */
const expected: Record<string, { written: number; removed: Record<string, number> }> = {
  c4: { written: 34, removed: { 'c4: too_few_sentences': 159 } },
  chinese: {
    written: 157,
    removed: {
      'text-cleaner: newline_proportion_too_high': 7,
      'text-cleaner: no_sentence_end': 21,
      'text-cleaner: number_ratio_too_high': 1,
      'text-length-filter: text_length_too_low': 7,
    },
  },
  fineweb: {
    written: 22,
    removed: {
      'gopher-repetition: top_3_gram': 20,
      'gopher-repetition: top_4_gram': 17,
      'gopher-repetition: top_2_gram': 30,
      'gopher-quality: gopher_too_many_hashes': 20,
      'gopher-quality: gopher_short_doc': 53,
      'gopher-quality: gopher_below_alpha_threshold': 3,
      'gopher-quality: gopher_too_many_end_ellipsis': 5,
      'gopher-quality: gopher_too_many_bullets': 3,
      'gopher-quality: gopher_below_avg_threshold': 2,
      'c4: too_few_sentences': 12,
      'fineweb-quality: line_punct_ratio': 6,
    },
  },
  'flagdata-text': {
    written: 169,
    removed: { 'text-cleaner: no_sentence_end': 23, 'text-cleaner: number_ratio_too_high': 1 },
  },
  'flagdata-v1': {
    written: 169,
    removed: {
      'text-integrity-checker: no_sentence_end': 22,
      'text-integrity-checker: text_too_short': 2,
    },
  },
  gopher: { written: 39, removed: { ...gopher, 'exact: exact_duplicate': 1 } },
  'image-text': {
    written: 1,
    removed: {
      'image-text: image_size_missing': 160,
      'image-text: too_few_words': 31,
      'image-text: image_too_small': 1,
    },
  },
  instructions: {
    written: 185,
    removed: {
      'text-length-filter: text_length_too_low': 1,
      'word-num-filter: word_num_too_low': 5,
      'actionable-verb-num-filter: verb_num_too_low': 1,
      'exact: exact_duplicate': 1,
    },
  },
  refinedweb: { written: 39, removed: { ...gopher, 'minhash: minhash_duplicate': 1 } },
}

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
let size: number

beforeAll(async () => {
  work = await temporaryFolder()
  const sample = recipeSample()
  size = sample.length
  input = await writeFiles(join(work.path, 'in'), { 'a.jsonl': jsonLines(sample) })
})
afterAll(() => work.remove())

describe('every recipe that comes with the package', () => {
  it('is run here, but those that read files, LaTeX or labelled texts', async () => {
    const names: string[] = []
    for (const name of (await shippedRecipes()).keys())
      if ((await openRecipe(name, { input, output: 'out' })).read.format === 'jsonl') names.push(name)
    const elsewhere = ['flagdata-arxiv', 'flagdata-qa'] // flagdataRecipes.test.ts
    expect(names.sort()).toEqual([...Object.keys(expected), ...elsewhere].sort())
  })

  it.each(Object.keys(expected))('%s', async (name) => {
    const summary = await run(await openRecipe(name, { input, output: join(work.path, name) }), {
      workers: 1,
    })
    const removed: Record<string, number> = {}
    for (const step of summary.statistics.steps)
      for (const [reason, count] of Object.entries(step.removed)) removed[`${step.name}: ${reason}`] = count
    expect({ written: summary.written, removed }).toEqual(expected[name])
    expect(summary.written).toBeGreaterThan(0)
    expect(Object.keys(removed).length).toBeGreaterThan(0)
    const all = Object.values(removed).reduce((sum, count) => sum + count, 0)
    expect(summary.written + all).toBe(size)
  })
})
