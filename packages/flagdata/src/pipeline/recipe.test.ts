import { describe, expect, it } from 'vitest'
import {
  c4,
  dedup,
  openRecipe,
  parseRecipe,
  pipeline,
  readJsonl,
  shippedRecipes,
  writeJsonl,
} from '../index.ts'

const paths = { input: 'in', output: 'out' }

describe('recipes', () => {
  it('say the same as pipelines in TypeScript', () => {
    const recipe = `
read: { path: in, textKey: content }
steps:
  - c4: { minSentences: 3 }
  - pii:
dedup: { minhash: { buckets: 9, hashesPerBucket: 13 } }
write: { path: out, compression: zstd }
`
    const parsed = parseRecipe(recipe, 'r.yaml')
    const built = pipeline([
      readJsonl('in', { textKey: 'content' }),
      c4({ minSentences: 3 }),
      dedup({ minhash: { buckets: 9, hashesPerBucket: 13 } }),
      writeJsonl('out', { compression: 'zstd' }),
    ])
    expect([parsed.read, parsed.dedups, parsed.write]).toEqual([built.read, built.dedups, built.write])
    expect(parsed.steps.map(({ name }) => name)).toEqual(['c4', 'pii'])
    expect(parsed.steps[0].options).toEqual(built.steps[0].options)
  })

  it('come with the package', async () => {
    expect([...(await shippedRecipes()).keys()]).toEqual(
      expect.arrayContaining(['c4', 'fineweb', 'gopher', 'pages']),
    )
    const fineweb = await openRecipe('fineweb', paths)
    expect(fineweb.steps.map(({ name }) => name)).toEqual([
      'url',
      'gopher-repetition',
      'gopher-quality',
      'c4',
      'fineweb-quality',
      'pii',
    ])
    for (const name of ['c4', 'gopher']) expect((await openRecipe(name, paths)).read.path).toBe('in')
    await expect(openRecipe('none', paths)).rejects.toThrow('none: no such recipe')
  })

  it.each([
    ['steps: [c4', 'r.yaml:1:11'],
    ['stepz: [c4]', 'r.yaml:1:1: unknown key "stepz"'],
    ['steps:\n  - c4\n  - c5', 'r.yaml:3:5: no step "c5"'],
    ['steps:\n  - c4: { minSentence: 3 }', 'r.yaml:2:11: unknown key "minSentence"'],
    ['steps:\n  - c4:\n      minSentences: three', 'r.yaml:3:7: steps.0.c4.minSentences: Invalid input'],
    ['steps:\n  - [c4]', 'r.yaml:2:5: no step "0"'],
    ['steps:\n  - { c4: {}, pii: {} }', 'r.yaml:2:5: expected a step'],
    ['read:\n  format: xml', 'r.yaml:2:3: read.format: Invalid option'],
    ['dedup: fuzzy', 'r.yaml:1:1: dedup: expected one of exact, '],
    ['dedup:\n  minhash: { buckets: 0 }', 'r.yaml:2:14: dedup.minhash.buckets: Too small'],
    ['write:\n  compresion: gzip', 'r.yaml:2:3: unknown key "compresion"'],
    ['write: out', 'r.yaml:1:1: write: Invalid input'],
    ['- c4', 'r.yaml:1:1: Invalid input'],
  ])('refuse %j at its line', (text, message) => {
    expect(() => parseRecipe(text, 'r.yaml', paths)).toThrow(message)
  })

  it('ask for paths', () => {
    expect(() => parseRecipe('read: {}', 'r.yaml', { output: 'out' })).toThrow('r.yaml:1:1: read: no path')
    expect(() => parseRecipe('read: { path: in }', 'r.yaml')).toThrow('r.yaml:1:1: write: no path')
  })
})

describe('pipelines', () => {
  it('refuse parts out of order and wrong options', () => {
    expect(() => pipeline([c4(), writeJsonl('out')])).toThrow('the first part is not a reader')
    expect(() => pipeline([readJsonl('in'), c4()])).toThrow('the last part is not a writer')
    expect(() => pipeline([readJsonl('in'), dedup({ exact: {} }), c4(), writeJsonl('out')])).toThrow(
      'a dedup part stands between the steps',
    )
    expect(() => c4({ minSentences: 1.5 })).toThrow('c4.minSentences: ')
    expect(() => readJsonl('')).toThrow('readJsonl.path: ')
  })
})
