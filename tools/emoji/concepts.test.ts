import { describe, expect, it } from 'vitest'
import { codeToText, familyOf, holdOut, kindOf, normalCode, slug } from './concepts.ts'

describe('codes', () => {
  it('have one spelling, whichever package they come from', () => {
    for (const code of ['0023-FE0F-20E3', '23-20e3', '0023-20E3']) expect(normalCode(code)).toBe('23-20e3')
    expect(codeToText('1f469-200d-1f680')).toBe('👩‍🚀')
  })

  it('tell flags and variants from plain concepts', () => {
    expect(kindOf('1f1eb-1f1f7', 'Flags')).toBe('flag')
    expect(kindOf('1f468-200d-1f680', 'People & Body')).toBe('variant') // man astronaut
    expect(kindOf('1f3c3-200d-2640', 'People & Body')).toBe('variant') // woman running
    expect(kindOf('1f44b-1f3fd', 'People & Body')).toBe('variant') // waving hand, medium skin tone
    expect(kindOf('1f353', 'Food & Drink')).toBe('plain')
    expect(kindOf('1f469', 'People & Body')).toBe('plain') // woman, which is a form of nothing else
  })

  it('of all forms of a concept share a family', () => {
    const astronauts = ['1f9d1-200d-1f680', '1f468-200d-1f680', '1f469-1f3ff-200d-1f680']
    expect(new Set(astronauts.map(familyOf))).toEqual(new Set(['1f9d1-200d-1f680']))
    expect(familyOf('1f3c3-200d-2640')).toBe(familyOf('1f3c3'))
    expect(familyOf('1f3fd')).toBe('1f3fd')
  })
})

it('slugs are the file names of icon sets', () => {
  expect(slug('flag: Côte d’Ivoire')).toBe('flag-cote-divoire')
  expect(slug('keycap: #')).toBe('keycap-hash')
  expect(slug('woman’s hat')).toBe('womans-hat')
})

describe('holdOut', () => {
  const families = Array.from({ length: 1000 }, (_, i) => `family ${Math.floor(i / 3)}`)

  it('takes whole families until the share is reached', () => {
    const held = holdOut(families, 0.1, 12)
    const concepts = families.filter((family) => held.has(family)).length
    expect(concepts).toBeGreaterThanOrEqual(100)
    expect(concepts).toBeLessThan(103)
  })

  it('depends on the seed alone', () => {
    expect(holdOut(families, 0.1, 12)).toEqual(holdOut(families, 0.1, 12))
    expect(holdOut(families, 0.1, 13)).not.toEqual(holdOut(families, 0.1, 12))
  })
})
