import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { canDraw, drawWord, unpackWoff } from './lettering.ts'

/** The number of dark pixels in each half of a picture, left and right. */
async function inkOf(svg: Uint8Array): Promise<[number, number]> {
  const { data, info } = await sharp(svg).greyscale().raw().toBuffer({ resolveWithObject: true })
  const ink: [number, number] = [0, 0]
  data.forEach((value, i) => {
    if (value < 128) ink[Math.floor((2 * (i % info.width)) / info.width)]++
  })
  return ink
}

describe('letters', () => {
  it('are drawn from left to right, and from right to left in Arabic', async () => {
    const [left, right] = await inkOf(drawWord('Wi', 'latin'))
    expect(left).toBeGreaterThan(2 * right)
    // sheen, the wide letter, comes first: on the right.
    const [end, start] = await inkOf(drawWord('شا', 'arabic'))
    expect(start).toBeGreaterThan(end)
  })

  it('are shaped: joined letters are other glyphs than single ones', () => {
    const text = (word: string) => Buffer.from(drawWord(word, 'arabic')).toString()
    const shapes = (word: string) => [...text(word).matchAll(/ d="([^"]+)"/g)].map(([, d]) => d)
    expect(shapes('ببب').length).toBe(3)
    expect(new Set(shapes('ببب')).size).toBe(3)
  })

  it('that a font lacks are no boxes', () => {
    expect(canDraw('sushi', 'latin')).toBe(true)
    expect(canDraw('寿司', 'latin')).toBe(false)
    expect(() => drawWord('寿司', 'latin')).toThrow('the font latin lacks a character')
  })

  it('come from whole font files', () => {
    expect(() => unpackWoff(new Uint8Array(50), 'x.woff')).toThrow('x.woff: not a whole WOFF font')
  })
})
