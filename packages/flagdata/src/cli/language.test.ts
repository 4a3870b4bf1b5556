import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fasttextQuality } from '../filters/fasttextQuality.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { Text } from '../text/text.ts'
import { flagdata } from './testing/flagdata.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
  await writeFiles(work.path, {
    'in/a.jsonl': `${jsonLines([
      { text: 'The cat sat on the mat and looked at the dog.' },
      { text: 'Le chat est assis sur le tapis et regarde le chien.' },
      { text: 'It was a fine day to be out with friends.' },
    ])}{broken\n`,
    'labelled.txt': [0, 1, 2, 3, 4, 5, 6, 7]
      .map((i) => (i % 2 ? '__label__good a fine text to read\n' : '__label__bad buy cheap things now\n'))
      .join(''),
  })
})
afterAll(() => work.remove())

describe('flagdata language', () => {
  it('counts documents by language and reports bad input', async () => {
    const { code, out, err } = await flagdata('language', join(work.path, 'in'))
    expect(code).toBe(0)
    expect(out).toMatch(
      /^language +documents +share +characters +mean score\nen +2 +66\.7 % +86 +0\.\d+\nfr +1 /,
    )
    expect(err).toMatch(/^broken-json: 1\n/)
    const json = JSON.parse((await flagdata('language', join(work.path, 'in'), '--json')).out)
    expect(json.map((it: { label: string }) => it.label)).toEqual(['en', 'fr'])
  })

  it('names what is missing', async () => {
    const none = await flagdata('language', join(work.path, 'in'), '--model', join(work.path, 'none.bin'))
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('none.bin: ENOENT')])
  })
})

describe('flagdata train-classifier and fasttext-quality', () => {
  it('trains what the step then filters by', async () => {
    const model = join(work.path, 'quality.bin')
    const input = join(work.path, 'labelled.txt')
    const trained = await flagdata(
      ...['train-classifier', input, '--output', model, '--dim', '4', '--epoch', '50', '--lr', '0.5'],
    )
    expect(trained.err).toBe('')
    expect(trained.out).toMatch(/quality\.bin: 10 words, 2 labels, 400 examples, mean loss 0\.\d+\n$/)
    expect(readFileSync(model).readInt32LE(0)).toBe(793712314)

    const step = fasttextQuality({ model, label: 'good', threshold: 0.6 })
    await step.prepare?.()
    const apply = (text: string) => step.apply(new Text(text), { id: '', text, metadata: {} }, () => {})
    const kept = await apply('a fine\ntext to read')
    expect(kept).toMatchObject({
      text: 'a fine\ntext to read',
      metadata: { quality_score: expect.any(Number) },
    })
    expect(await apply('buy cheap things')).toMatchObject({ reason: 'quality', limit: 0.6 })
    await expect(fasttextQuality({ model, label: 'fine' }).prepare?.()).rejects.toThrow('no label "fine"')
  })

  it('has examples, and refuses wrong options', async () => {
    for (const command of ['language', 'train-classifier'])
      expect((await flagdata(command, '--help')).out).toMatch(/Examples:\n {2}flagdata /)
    expect((await flagdata('train-classifier', 'x', '--output', 'y', '--dim', 'three')).code).toBe(2)
    expect((await flagdata('train-classifier', 'x', '--output', 'y', '--loss', 'l2')).code).toBe(2)
  })
})
