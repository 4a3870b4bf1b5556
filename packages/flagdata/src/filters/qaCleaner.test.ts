import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Text } from '../text/text.ts'
import { qaCleaner } from './qaCleaner.ts'
import { fitRidge, predictRidge } from './ridge.ts'

// Decisions of scikit-learn, made by tools/oracles/ridge_classifier.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/ridge.json.gz', import.meta.url))).toString(),
)

it.each([1, 150])('ridge regression with alpha %i decides as scikit-learn does', (alpha) => {
  const { rows, labels, train, columns } = golden
  const fitted = fitRidge(
    rows.slice(0, train).map((row: number[]) => Uint32Array.from(row)),
    labels.slice(0, train).map((label: number) => 2 * label - 1),
    columns,
    alpha,
  )
  const decisions = rows.slice(train).map((row: number[]) => predictRidge(fitted, row))
  decisions.forEach((decision: number, i: number) => {
    expect(decision).toBeCloseTo(golden.decisions[alpha][i], 9)
  })
})

describe('qa-cleaner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flag-qa-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('keeps what is like the kept, removes what is like the discarded, and says how sure it is', async () => {
    const examples = Array.from({ length: 20 }, (_, i) => [
      { text: `怎样学习数学？先做第${i}题，再看答案。`, label: '0' },
      { text: `加微信领取优惠券，点击购买${i}`, label: '1' },
      { text: 'neither', label: '2' },
    ]).flat()
    const reference = join(folder, 'ref.jsonl')
    writeFileSync(reference, `${examples.map((it) => JSON.stringify(it)).join('\n')}\n`)
    const step = qaCleaner({ reference, alpha: 10 })
    await step.prepare?.()
    const judge = (text: string) => step.apply(new Text(text), { id: 'd', text, metadata: {} }, () => {})
    expect(await judge('点击领取优惠券')).toMatchObject({ reason: 'qa_discarded', limit: 0.5 })
    const kept = await judge('怎样学习物理？先看答案。')
    expect(kept).toMatchObject({ text: '怎样学习物理？先看答案。' })
    const probability = kept?.metadata?.qa_probability
    expect(probability).toBeGreaterThan(0)
    expect(probability).toBeLessThan(0.5)
  })
})
