import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { emojiNames } from '../../packages/flageval/src/datasets/cldr.ts'

const languages = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it']

/** `count` captions, by default in the nine languages of AltCLIP-m9, made of one to five of CLDR's emoji names. */
export function captions(count: number, spoken: readonly string[] = languages): string[] {
  return Array.from({ length: count }, (_, i) => {
    const names = [...emojiNames(spoken[i % spoken.length]).values()]
    const some = Array.from({ length: 1 + ((i * 7) % 5) }, (_, k) => names[(i * 97 + k * 331) % names.length])
    return some.join(', ')
  })
}

/** Draws `count` JPEG pictures of 640 × 480 pixels, each with three of OpenMoji's emojis; gives their paths. */
export async function pictures(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const openmoji = dirname(fileURLToPath(import.meta.resolve('openmoji/package.json')))
  const files = [...emojiNames('en').keys()]
    .map((emoji) => [...emoji].map((c) => (c.codePointAt(0) as number).toString(16).toUpperCase()).join('-'))
    .map((code) => join(openmoji, 'color', 'svg', `${code}.svg`))
    .filter((file) => existsSync(file))
  const draw = (file: string) =>
    sharp(file, { density: 220 }).resize(220, 220, { fit: 'inside' }).png().toBuffer()
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const [a, b, c] = await Promise.all([0, 1, 2].map((k) => draw(files[(i * 3 + k) % files.length])))
      const path = join(folder, `${i}.jpg`)
      const background = { r: 90 + (i % 150), g: 140, b: 200 }
      await sharp({ create: { width: 640, height: 480, channels: 3, background } })
        .composite([
          { input: a, left: 10, top: 120 },
          { input: b, left: 215, top: 30 },
          { input: c, left: 410, top: 230 },
        ])
        .jpeg({ quality: 92 })
        .toFile(path)
      return path
    }),
  )
}
