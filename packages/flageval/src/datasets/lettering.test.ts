import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { canDraw, drawWord, type FontName, unpackWoff } from './lettering.ts'

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
    const inkOnTheLeft = async (word: string, font: FontName) => (await inkOf(drawWord(word, font)))[0]
    expect(await inkOnTheLeft('mi', 'latin')).toBeGreaterThan(await inkOnTheLeft('im', 'latin'))
    // Sheen is wide, alef narrow; the letter that is written first stands on the right.
    expect(await inkOnTheLeft('اش', 'arabic')).toBeGreaterThan(await inkOnTheLeft('شا', 'arabic'))
  })

  it('are shaped: joined letters are other glyphs than single ones', () => {
    const text = (word: string) => Buffer.from(drawWord(word, 'arabic')).toString()
    const shapes = (word: string) => [...text(word).matchAll(/ d="([^"]+)"/g)].map(([, d]) => d)
    const single = shapes('ب')
    expect(shapes('ببب').length).toBe(3 * single.length)
    expect(shapes('ببب')).not.toEqual([...single, ...single, ...single])
    // Of the three, only the dots are alike: first, middle and last form differ.
    expect(new Set(shapes('ببب')).size).toBeGreaterThanOrEqual(3)
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
