import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBFloat16Bits, toFloat16Bits } from '../tensor/dtype.ts'
import { Generator } from '../tensor/generator.ts'
import { fromNumbers } from '../tensor/tensor.ts'
import { floatsOf, INT4_BLOCK, toBFloat16, toFloat16, toInt4, toInt8, transposeCodes } from './codes.ts'

const normal = (count: number) => new Generator(count).randn([count]).data

describe('16 bits', () => {
  it('are those of the conversion of single numbers, for any bit pattern', () => {
    const words = fc.uint32Array({ minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(words, (bits) => {
        const floats = new Float32Array(bits.buffer, bits.byteOffset, bits.length)
        expect([...toFloat16(floats)]).toEqual(Array.from(floats, toFloat16Bits))
        expect([...toBFloat16(floats)]).toEqual(Array.from(floats, toBFloat16Bits))
      }),
      { numRuns: 300 },
    )
  })

  it('round to even half-way between two numbers, also between subnormal ones', () => {
    const halfway = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65520, -(2 ** -24), 2 ** -14]
    expect([...toFloat16(Float32Array.from(halfway))]).toEqual(halfway.map(toFloat16Bits))
  })

  it.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('of %s are read as float32', (dtype) => {
    const tensor = fromNumbers([0, -1.5, 2 ** -20, 65504, -0], [5], dtype)
    expect([...floatsOf(dtype, tensor.bytes)]).toEqual(tensor.toNumbers())
  })

  it('refuse integers', () => {
    expect(() => floatsOf('int8', new Uint8Array(4))).toThrow('weights must be floating point numbers')
  })
})

describe('8 bits', () => {
  it('are within half a step of each row', () => {
    const width = 40
    const floats = normal(6 * width).map((x, i) => x * 10 ** Math.floor(i / width))
    const { codes, scales } = toInt8(floats, width)
    floats.forEach((x, i) => {
      const scale = scales[Math.floor(i / width)]
      expect(Math.abs(codes[i] * scale - x)).toBeLessThanOrEqual(scale * 0.5001)
    })
    for (let row = 0; row < 6; row++) {
      const part = Array.from(codes.subarray(row * width, (row + 1) * width), Math.abs)
      expect(Math.max(...part)).toBe(127)
    }
  })

  it('of a row of zeros are zeros', () => {
    const { codes, scales } = toInt8(new Float32Array(8), 4)
    expect([...codes, ...scales]).toEqual(new Array(10).fill(0))
  })

  it('are transposed, whatever the sizes', () => {
    const [rows, width] = [70, 131]
    const codes = Int8Array.from({ length: rows * width }, (_, i) => i % 101)
    const turned = transposeCodes(codes, width)
    for (const [row, column] of [
      [0, 0],
      [3, 130],
      [69, 64],
      [69, 130],
    ]) {
      expect(turned[column * rows + row]).toBe(codes[row * width + column])
    }
    expect([...transposeCodes(turned, rows)]).toEqual([...codes])
  })
})

describe('4 bits', () => {
  const unpack = (codes: Uint8Array) => Array.from(codes).flatMap((byte) => [byte & 15, byte >> 4])

  it('lie low half first, in blocks that are filled up with what stands for zero', () => {
    const width = INT4_BLOCK + 3
    const floats = new Float32Array(2 * width)
    floats[0] = -8
    floats[1] = 7
    floats[INT4_BLOCK] = 16
    floats[width + 2] = 1
    const { codes, scales } = toInt4(floats, width)
    expect(codes.length).toBe(2 * INT4_BLOCK)
    expect([...scales]).toEqual([1, -2, expect.closeTo(-0.125), 0])
    expect(codes[0]).toBe(0xf0)
    expect(unpack(codes).slice(INT4_BLOCK, 2 * INT4_BLOCK)).toEqual([0, ...new Array(31).fill(8)])
    expect(unpack(codes).slice(2 * INT4_BLOCK + 1, 2 * INT4_BLOCK + 4)).toEqual([8, 0, 8])
  })

  it('are the nearest of sixteen, and lose no more than a scale by the largest number would', () => {
    const width = 64
    const floats = normal(8 * width)
    const { codes, scales } = toInt4(floats, width)
    const lost = unpack(codes).reduce((sum, code, i) => {
      const scale = scales[Math.floor(i / INT4_BLOCK)]
      const error = Math.abs((code - 8) * scale - floats[i])
      if (code > 0 && code < 15) expect(error).toBeLessThanOrEqual(Math.abs(scale) * 0.5001)
      return sum + error ** 2
    }, 0)
    let plain = 0
    for (let start = 0; start < floats.length; start += INT4_BLOCK) {
      const block = floats.subarray(start, start + INT4_BLOCK)
      const scale = Math.max(...block.map(Math.abs)) / 7
      for (const x of block) plain += (Math.round(x / scale) * scale - x) ** 2
    }
    expect(lost).toBeLessThan(plain)
  })
})
