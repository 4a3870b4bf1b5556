import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { decodeMessage, encodeMessage, type Message, message } from './wire.ts'

interface Sample {
  number?: number | bigint
  real?: number
  exact?: number
  text?: string
  bytes?: Uint8Array
  numbers?: (number | bigint)[]
  reals?: number[]
  texts?: string[]
  inner?: Sample
  inners?: Sample[]
}

const sample: Message<Sample> = message<Sample>('Sample', {
  number: [1, 'int'],
  real: [2, 'float'],
  exact: [3, 'double'],
  text: [4, 'string'],
  bytes: [5, 'bytes'],
  numbers: [6, 'int', 'repeated'],
  reals: [7, 'float', 'repeated'],
  texts: [8, 'string', 'repeated'],
  inner: [9, () => sample],
  inners: [200, () => sample, 'repeated'],
})

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('wire format', () => {
  // Examples of https://protobuf.dev/programming-guides/encoding/.
  test.each<[string, Sample]>([
    ['08 96 01', { number: 150 }],
    ['22 07 74 65 73 74 69 6e 67', { text: 'testing' }],
    ['08 fe ff ff ff ff ff ff ff ff 01', { number: -2 }],
    ['4a 03 08 96 01', { inner: { number: 150 } }],
    ['32 06 03 8e 02 9e a7 05', { numbers: [3, 270, 86942] }],
    ['c2 0c 00 c2 0c 00', { inners: [{}, {}] }],
    ['15 00 00 80 3f 19 00 00 00 00 00 00 00 c0', { real: 1, exact: -2 }],
  ])('%s', (hex, value) => {
    expect(hexOf(encodeMessage(sample, value))).toBe(hex.replaceAll(' ', ''))
    expect(decodeMessage(sample, bytesOf(hex))).toEqual(value)
  })

  test.each([
    0,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 53 - 1,
    -1,
    -(2 ** 53) + 1,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 53n,
  ])('keeps %s exactly', (number) => {
    expect(decodeMessage(sample, encodeMessage(sample, { number }))).toEqual({ number })
  })

  test('reads lists of numbers packed and not packed, and mixed', () => {
    expect(decodeMessage(sample, bytesOf('30 01 32 02 02 03 30 04'))).toEqual({ numbers: [1, 2, 3, 4] })
  })

  test('takes the last of several values, and skips fields that it does not know', () => {
    const unknown = 'f8 01 05 fa 01 02 01 02 fd 01 00 00 00 00 f9 01 00 00 00 00 00 00 00 00'
    expect(decodeMessage(sample, bytesOf(`08 01 ${unknown} 08 02`))).toEqual({ number: 2 })
  })

  test('does not copy bytes', () => {
    const encoded = encodeMessage(sample, { bytes: new Uint8Array([1, 2, 3]) })
    expect(decodeMessage(sample, encoded).bytes?.buffer).toBe(encoded.buffer)
  })

  test.each([
    ['a cut integer', '08 96'],
    ['an endless integer', '08 ff ff ff ff ff ff ff ff ff ff 01'],
    ['a length beyond the end', '22 7f 61'],
    ['a negative length', '22 ff ff ff ff ff ff ff ff ff 01'],
    ['a list of numbers that ends inside one', '32 02 01 96 08 01'],
    ['an inner message beyond its own end', '4a 01 08 01'],
    ['a group', '0b 0c'],
    ['a wrong wire type', '0a 01 61'],
    ['a cut float', '15 00 00'],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeMessage(sample, bytesOf(hex))).toThrow(FlagError)
  })

  test('writes what is longer than its buffers', () => {
    const value: Sample = {
      text: 'é'.repeat(5000),
      bytes: new Uint8Array(2 ** 21).map((_, i) => i % 251),
      numbers: Array.from({ length: 5000 }, (_, i) => i * i),
      texts: Array.from({ length: 3000 }, (_, i) => `${i}`),
      inners: [{ bytes: new Uint8Array(20_000).fill(7), real: 0.5 }, { exact: 0.1 }],
    }
    expect(decodeMessage(sample, encodeMessage(sample, value))).toEqual(value)
  })

  test('refuses messages nested too deeply', () => {
    let value: Sample = {}
    for (let i = 0; i < 100; i++) value = { inner: value }
    expect(() => decodeMessage(sample, encodeMessage(sample, value))).toThrow(/nested deeper/)
  })
})
