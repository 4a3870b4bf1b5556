import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openModel } from './model.ts'
import { pixelVectors } from './pixels.ts'

const svg = (body: string) =>
  new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">${body}</svg>`,
  )
const circle = (fill: string, r = 20) => svg(`<circle cx="32" cy="32" r="${r}" fill="${fill}"/>`)

describe('raw pixels', () => {
  it('find the picture of the same shape and colour nearest', async () => {
    const vectors = await pixelVectors([circle('red'), circle('red', 22), circle('blue'), svg('')])
    const dot = (i: number, j: number): number => {
      const [a, b] = [vectors.row(i).data, vectors.row(j).data]
      return a.reduce((sum, x, k) => sum + x * b[k], 0)
    }
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2))
    // The empty picture has a direction, too, and it is nobody's.
    expect(dot(3, 3)).toBe(1)
  })

  it('do not depend on the file format', async () => {
    const png = await sharp(circle('green')).flatten({ background: '#fff' }).resize(32, 32).png().toBuffer()
    const [a, b] = [await pixelVectors([png]), await pixelVectors([circle('green')])]
    a.data.forEach((x, i) => void expect(Math.abs(x - b.data[i])).toBeLessThan(8))
  })

  it('name a picture that cannot be read', async () => {
    await expect(pixelVectors(['/nowhere/x.png'])).rejects.toThrow('/nowhere/x.png: cannot be read')
    await expect(pixelVectors([Uint8Array.of(1, 2, 3)])).rejects.toThrow('a picture of 3 bytes')
  })
})

describe('models', () => {
  it('are found or named', async () => {
    await expect(openModel('no-such-model')).rejects.toThrow('no model "no-such-model"')
    await expect(openModel('./nothing.mjs')).rejects.toThrow('no such file')
  })

  it('of @flag/ai open with a fingerprint of their bytes', async () => {
    const model = await openModel('altclip-emoji-m12')
    try {
      expect(model.fingerprint).toMatch(/^[0-9a-f]{32}$/)
      const [red, blue] = [circle('red'), circle('blue')]
      const pictures = await model.encodeImage([red, blue])
      const texts = await model.encodeText(['red circle', 'blue circle'])
      expect(pictures.shape).toEqual(texts.shape)
    } finally {
      await model.dispose()
    }
  })
})
