import { describe, expect, it } from 'vitest'
import { cases, goldenConfig, models } from './goldens.ts'

describe('every hidden state and output of EVA-CLIP is that of the reference', () => {
  it.each(cases.map((golden, i) => [golden.title, golden, models[i].folder] as const))(
    '%s',
    async (_, golden, folder) => {
      const { vision, text } = goldenConfig(folder)
      const found = await golden.differences()
      expect(Object.keys(found).length).toBe(vision.layers + text.layers + 2 + 7)
      for (const [name, difference] of Object.entries(found)) expect(difference, name).toBeLessThan(2e-5)
    },
  )
})
