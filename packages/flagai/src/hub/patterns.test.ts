import { expect, it } from 'vitest'
import { matcher } from './patterns.ts'

// Results of Python's fnmatch.fnmatchcase.
it.each([
  ['*.json', 'config.json', true],
  ['*.json', 'a/config.json', true],
  ['*.json', 'config.json5', false],
  ['onnx/', 'onnx/model.onnx', true],
  ['onnx/', 'onnx2/model.onnx', false],
  ['model-0000?-of-*', 'model-00001-of-2.bin', true],
  ['model-0000?-of-*', 'model-00011-of-2.bin', false],
  ['[ab].txt', 'a.txt', true],
  ['[!ab].txt', 'a.txt', false],
  ['[!ab].txt', 'c.txt', true],
  ['[0-9].txt', '5.txt', true],
  ['a+b(1).txt', 'a+b(1).txt', true],
  ['a.b', 'axb', false],
  ['[', '[', true],
  ['[]].txt', '].txt', true],
  ['[]-a^[].txt', '^.txt', true],
  ['[\\].txt', '\\.txt', true],
  ['{a}', 'a', false],
])('%s matches %s: %s', (pattern, path, expected) => {
  expect(matcher([pattern])(path)).toBe(expected)
})

it('refuses ranges that end before they start', () => {
  expect(() => matcher(['[z-a]'])).toThrow('"[z-a]" is not a pattern for files')
})

it('matches when one of several patterns does', () => {
  expect(matcher(['*.a', '*.b'])('x.b')).toBe(true)
  expect(matcher([])('x')).toBe(false)
})
