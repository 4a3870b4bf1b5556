import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FlagError, Generator } from '@flag/core-tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cropWindow } from './crop.ts'
import { centerCrop, decode, ImageProcessor, type Resample, type RgbImage, resize } from './index.ts'
import { resizeWindow } from './resize.ts'

// Made by tools/oracles/clip_preprocess.py: Pillow 13.0.0, transformers 5.24.0, seed 7.
const folder = fileURLToPath(new URL('../../goldens/preprocess/', import.meta.url))

interface Goldens {
  configs: Record<string, object>
  pictures: Record<
    string,
    {
      width: number
      height: number
      decoded: string
      plain: string
      white: string
      configs: Record<string, { shape: number[]; sha256: string }>
    }
  >
  kernels: { filter: Resample; source: [number, number]; target: [number, number]; sha256: string }[]
}
const goldens = JSON.parse(readFileSync(`${folder}goldens.json`, 'utf8')) as Goldens
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex').slice(0, 32)

// AVIF decoders convert YUV to RGB with rounding of their own; see the test of its own below.
const exact = Object.entries(goldens.pictures).filter(([name]) => !name.endsWith('.avif'))

describe('pictures have the bytes that Pillow and CLIPImageProcessor see', () => {
  const processors = Object.entries(goldens.configs).map(
    ([name, config]) => [name, ImageProcessor.fromConfig(config)] as const,
  )

  it.each(exact)('%s', async (name, golden) => {
    const file = `${folder}pictures/${name}`
    const upright = await decode(file)
    expect([upright.width, upright.height]).toEqual([golden.width, golden.height])
    expect(digest(upright.data), 'load_image').toBe(golden.decoded)
    const plain = await decode(readFileSync(file), { orient: false })
    expect(digest(plain.data), 'Image.open().convert').toBe(golden.plain)
    const white = await decode(file, { background: [255, 255, 255] })
    expect(digest(white.data), 'composited on white').toBe(golden.white)
    for (const [key, processor] of processors) {
      const expected = golden.configs[key]
      if (!expected) continue
      const tensor = await processor.process(upright)
      expect(tensor.shape, key).toEqual(expected.shape)
      expect(digest(tensor.bytes), key).toBe(expected.sha256)
    }
  })

  it('covers every golden but AVIF', () => {
    expect(exact.length).toBe(Object.keys(goldens.pictures).length - 1)
    expect(exact.length).toBeGreaterThan(60)
  })

  it('reads AVIF within rounding of the source picture', async () => {
    const [avif, source] = await Promise.all(
      ['rgb.avif', 'rgb.png'].map((name) => decode(`${folder}pictures/${name}`)),
    )
    const difference = avif.data.reduce((sum, byte, i) => sum + Math.abs(byte - source.data[i]), 0)
    expect(difference / avif.data.length).toBeLessThan(4)
  })

  it('makes one batch of pictures that differ in size', async () => {
    const processor = ImageProcessor.fromConfig(goldens.configs['48'])
    const names = ['exif_6.jpg', 'row.png', 'grey_alpha.png', 'photo.jpg', 'jpeg_cmyk.jpg']
    const batch = await processor.processBatch(names.map((name) => `${folder}pictures/${name}`))
    expect(batch.shape).toEqual([5, 3, 48, 48])
    names.forEach((name, i) => {
      expect(digest(batch.row(i).bytes)).toBe(goldens.pictures[name].configs['48'].sha256)
    })
  })
})

describe('resize is Pillow’s', () => {
  it.each(goldens.kernels)('$filter from $source to $target', ({ filter, source, target, sha256 }) => {
    const data = readFileSync(`${folder}random_${source[0]}.rgb`)
    const image = { width: source[0], height: source[1], data }
    expect(digest(resize(image, target[0], target[1], filter).data)).toBe(sha256)
  })
})

describe('vector pictures', () => {
  const svg = (size: number) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 8 8"><path d="M0 0h4v8H0z" fill="#f00"/></svg>`,
    )

  it.each([8, 300])('are drawn at the needed size, on white (drawn for %i px)', async (size) => {
    const image = await decode(svg(size), { vectorSize: 96 })
    expect(image.width).toBe(Math.max(96, size))
    expect([...image.data.subarray(0, 3)]).toEqual([255, 0, 0])
    expect([...image.data.subarray(-3)]).toEqual([255, 255, 255])
  })

  it('are drawn as large as the processor wants them', async () => {
    const processor = ImageProcessor.fromConfig({ size: 40, crop_size: 40, do_normalize: false })
    const tensor = await processor.process(svg(8))
    // A sharp edge at the middle: drawn at 40 px, not enlarged from 8.
    expect([...tensor.data.subarray(1600 + 18, 1600 + 22)]).toEqual([0, 0, 1, 1])
  })
})

describe('centerCrop', () => {
  const ramp = (width: number) => ({
    width,
    height: 1,
    data: Uint8Array.from({ length: width * 3 }, (_, i) => 1 + Math.trunc(i / 3)),
  })
  const row = (from: number, to: number, convention: 'transformers' | 'torchvision') => {
    const { data } = centerCrop(ramp(from), to, 1, convention)
    return [...data].filter((_, i) => i % 3 === 0)
  }

  it('rounds an odd margin down as transformers, to even as torchvision', () => {
    expect(row(7, 4, 'transformers')).toEqual([2, 3, 4, 5]) // offset 1.5 → 1
    expect(row(7, 4, 'torchvision')).toEqual([3, 4, 5, 6]) // offset 1.5 → 2
    expect(row(5, 4, 'torchvision')).toEqual([1, 2, 3, 4]) // offset 0.5 → 0
  })

  it('puts the odd pixel of padding left in transformers, right in torchvision', () => {
    expect(row(2, 5, 'transformers')).toEqual([0, 0, 1, 2, 0])
    expect(row(2, 5, 'torchvision')).toEqual([0, 1, 2, 0, 0])
  })
})

describe('bad input', () => {
  const photo = readFileSync(`${folder}pictures/photo.jpg`)

  it('names a missing file', async () => {
    await expect(decode('/no/such/cat.png')).rejects.toMatchObject({
      code: 'not-found',
      message: '/no/such/cat.png: no such file',
    })
  })

  it.each([
    ['empty', photo.subarray(0, 0)],
    ['truncated in its header', photo.subarray(0, 100)],
    ['truncated in its data', photo.subarray(0, photo.length / 2)],
    ['not a picture', Buffer.from('hello, this is no picture at all')],
    ['an unfinished svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><path')],
    ['a png cut in half', readFileSync(`${folder}pictures/rgb.png`).subarray(0, 3000)],
  ])('refuses a file that is %s', async (_, bytes) => {
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'corrupt-file', name: 'FlagError' })
  })

  it('decodes or refuses mutated files, and never breaks', async () => {
    const generator = new Generator(3)
    for (const name of Object.keys(goldens.pictures).filter((name) => !/^(large|photo)/.test(name))) {
      for (let round = 0; round < 4; round++) {
        const bytes = new Uint8Array(readFileSync(`${folder}pictures/${name}`))
        for (let change = 0; change < 3; change++) {
          bytes[generator.uint32() % bytes.length] = generator.uint32()
        }
        const result = await decode(bytes, { maxPixels: 1e6 }).catch((error: unknown) => error)
        if (result instanceof Error) expect(result).toBeInstanceOf(FlagError)
        else expect((result as RgbImage).data.length).toBeGreaterThan(0)
      }
    }
  })

  it('refuses pictures over the pixel limit before decoding them', async () => {
    await expect(decode(photo, { maxPixels: 1000 })).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('refuses pixels that do not fill their size', async () => {
    const image = { width: 3, height: 3, data: new Uint8Array(26) }
    await expect(decode(image)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(decode({ ...image, width: 0 })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('names the field of a configuration that is wrong', () => {
    expect(() => ImageProcessor.fromConfig({ size: 'big' })).toThrow(/preprocessor_config.json: size/)
    expect(() => ImageProcessor.fromConfig({ image_mean: [1, 2] })).toThrow(/image_mean/)
    expect(() => ImageProcessor.fromConfig({ resample: 9 })).toThrow(/resample/)
    expect(() => ImageProcessor.fromConfig(null)).toThrow(/preprocessor_config.json/)
  })
})

it('the window of a resized picture is a part of the whole, whichever pass comes first', () => {
  fc.assert(
    fc.property(
      fc.record({
        from: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 90 })),
        to: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
        crop: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
        convention: fc.constantFrom('transformers' as const, 'torchvision' as const),
        resample: fc.constantFrom<Resample[]>('bicubic', 'nearest', 'lanczos'),
        seed: fc.integer({ min: 1, max: 255 }),
      }),
      ({ from: [w, h], to: [width, height], crop: [cw, ch], convention, resample, seed }) => {
        const data = Uint8Array.from({ length: w * h * 3 }, (_, i) => (i * i * seed) % 256)
        const image = { width: w, height: h, data }
        const box = { width: Math.min(cw, width), height: Math.min(ch, height) }
        const window = cropWindow({ width, height }, box, convention)
        expect(window).toBeDefined()
        if (!window) return
        expect(resizeWindow(image, width, height, resample, window)).toEqual(
          centerCrop(resize(image, width, height, resample), box.width, box.height, convention),
        )
      },
    ),
  )
})
