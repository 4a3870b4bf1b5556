import { describe, expect, it } from 'vitest'
import { cases } from './goldens.ts'

describe('every hidden state and output of a backbone is that of the reference', () => {
  it.each(cases.map((golden) => [golden.title, golden] as const))('%s', async (_, golden) => {
    const found = await golden.differences()
    expect(Object.keys(found)).toContain(golden.title.includes('masked') ? 'patches' : 'logits')
    expect(Object.keys(found).filter((name) => name.startsWith('states.')).length).toBeGreaterThan(2)
    for (const [name, difference] of Object.entries(found)) expect(difference, name).toBeLessThan(2e-5)
  })
})
