import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { decode, ImageProcessor, processorPool } from './index.ts'

const folder = fileURLToPath(new URL('../../goldens/preprocess/pictures/', import.meta.url))
const files = readdirSync(folder).map((name) => join(folder, name))
const processor = ImageProcessor.fromConfig({ size: 28, crop_size: 28 }, { background: [255, 255, 255] })

describe('processorPool', () => {
  const pool = processorPool(processor, 2)
  afterAll(() => pool.dispose())

  it('gives what the processor gives, for paths, bytes and pixels, many at once', async () => {
    const bytes = files.map((file) => readFileSync(file))
    // A view of a larger buffer: only its own bytes are the picture.
    const shared = Buffer.concat([Buffer.from('before'), bytes[0], Buffer.from('after')])
    const view = shared.subarray(6, 6 + bytes[0].length)
    const pixels = await decode(files[1])
    const inputs = [...files, ...bytes, view, pixels]
    const settled = await Promise.allSettled(inputs.map((input) => pool.process(input)))
    const expected = await Promise.allSettled(inputs.map((input) => processor.process(input)))
    for (const [i, one] of settled.entries()) {
      const other = expected[i]
      if (one.status === 'fulfilled' && other.status === 'fulfilled') expect(one.value).toEqual(other.value)
      else
        expect(one).toMatchObject({
          status: 'rejected',
          reason: { message: (other as never as { reason: Error }).reason.message },
        })
    }
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(inputs.length / 2)
  })

  it('says which picture cannot be read, and goes on', async () => {
    const unreadable = ['no/such.png', new Uint8Array([1, 2, 3])].map((input) => pool.process(input))
    const [missing, broken] = await Promise.allSettled(unreadable)
    expect(missing).toMatchObject({ reason: { code: 'not-found', message: 'no/such.png: no such file' } })
    expect(broken).toMatchObject({ reason: { code: 'corrupt-file' } })
    await expect(pool.process(files[0])).resolves.toMatchObject({ shape: [3, 28, 28] })
  })
})

it('a disposed pool answers what waits with an error', async () => {
  const pool = processorPool(processor, 1)
  const waiting = Promise.allSettled(Array.from({ length: 8 }, () => pool.process(files[0])))
  await pool.dispose()
  for (const one of (await waiting).slice(2)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { name: 'FlagError' } })
  }
})
