import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'

/** The bytes of a picture of one colour with a little noise of its own, so that no two have the same bytes. */
export async function colourPicture(colour: [number, number, number], seed: number): Promise<Buffer> {
  const [width, height] = [12, 8]
  const data = Buffer.alloc(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    const noise = ((i + 1) * (seed + 1) * 2654435761) % 23
    data[i] = Math.min(255, colour[i % 3] + noise)
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

const colours: [string, [number, number, number]][] = [
  ['red', [200, 10, 20]],
  ['green', [10, 190, 10]],
  ['blue', [20, 10, 210]],
]

/**
 * A new folder of `count` pictures in three colours, two levels deep, every twentieth cut off in the middle.
 * Returns the folder and the paths of the broken ones.
 */
export async function pictureFolder(count: number): Promise<{ folder: string; broken: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'flag-pictures-'))
  const broken: string[] = []
  for (const [name] of colours) await mkdir(join(folder, name))
  for (let i = 0; i < count; i++) {
    const [name, colour] = colours[i % 3]
    const path = `${name}/${String(i).padStart(3, '0')}.png`
    const bytes = await colourPicture(colour, i)
    const isBroken = i % 20 === 7
    if (isBroken) broken.push(path)
    await writeFile(join(folder, path), isBroken ? bytes.subarray(0, bytes.length / 2) : bytes)
  }
  return { folder, broken: broken.sort() }
}
