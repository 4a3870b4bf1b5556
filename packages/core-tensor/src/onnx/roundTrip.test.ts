import { expect, test } from 'vitest'
import { check } from './testing/conformance.ts'
import { smallCases } from './testing/models.ts'

/** Sizes that follow from elements, which inference cannot know. */
const dataDependent = ['places of nonzero elements', 'loop']

test.each(smallCases)('$name: the same shapes and results after reading and writing', async (each) => {
  const outcome = await check(each)
  expect(outcome).toMatchObject({ kind: dataDependent.includes(each.name) ? 'size' : 'same' })
})
