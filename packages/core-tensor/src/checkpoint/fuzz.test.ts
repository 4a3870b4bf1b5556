import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FlagError } from '../errors.ts'
import { Generator } from '../tensor/generator.ts'
import { readContents } from './open.ts'
import { memorySource } from './source.ts'

const folder = fileURLToPath(new URL('../../goldens/checkpoints', import.meta.url))
const MUTATIONS = 10_000
/** What a reader may take for files of a few kilobytes, all tensors read. */
const BYTES_LIMIT = 2 ** 29

const seeds = ['torch', 'safetensors', 'numpy', 'gguf', 'hostile'].flatMap((kind) =>
  readdirSync(path.join(folder, kind)).map((name) => {
    const file = path.join(kind, name)
    return { file, bytes: new Uint8Array(readFileSync(path.join(folder, file))) }
  }),
)

/** Numbers that lie about sizes, as 32 or 64 bits. */
const lies = [
  0n,
  1n,
  0x7fffffffn,
  0xffffffffn,
  2n ** 31n,
  2n ** 53n,
  2n ** 53n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
]

/** A damaged copy: bits flipped, bytes replaced, cut, doubled, moved, or a number made to lie. */
function mutate(bytes: Uint8Array, random: Generator): Uint8Array {
  const below = (limit: number) => random.uint32() % Math.max(1, limit)
  let out = bytes.slice()
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(out.length)
    const view = new DataView(out.buffer)
    switch (below(7)) {
      case 0:
        if (out.length > 0) out[at] ^= 1 << below(8)
        break
      case 1:
        if (out.length > 0) out[at] = below(256)
        break
      case 2:
        out = out.slice(0, at)
        break
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + below(16))])
        break
      case 4: {
        const from = below(out.length)
        out.copyWithin(at, from, from + 1 + below(32))
        break
      }
      case 5:
        if (at + 8 <= out.length) view.setBigUint64(at, lies[below(lies.length)], true)
        break
      default:
        if (at + 4 <= out.length) view.setUint32(at, Number(lies[below(lies.length)] & 0xffffffffn), true)
    }
  }
  return out
}

async function readAll(bytes: Uint8Array, file: string): Promise<number> {
  const { entries } = await readContents(memorySource(bytes, file))
  let total = 0
  for (const entry of entries) total += (await entry.read()).bytes.byteLength
  return total
}

describe(`${MUTATIONS} damaged files`, () => {
  it('are read or refused with a FlagError that names the file', async () => {
    const random = new Generator(20251125)
    const outcomes = { read: 0, refused: 0 }
    for (let i = 0; i < MUTATIONS; i++) {
      const { file, bytes } = seeds[i % seeds.length]
      try {
        expect(await readAll(mutate(bytes, random), file)).toBeLessThan(BYTES_LIMIT)
        outcomes.read += 1
      } catch (error) {
        if (!(error instanceof FlagError)) throw new Error(`mutation ${i} of ${file}`, { cause: error })
        expect(error.message).toContain(file)
        outcomes.refused += 1
      }
    }
    expect(outcomes.read + outcomes.refused).toBe(MUTATIONS)
    // Were nearly all refused at the first byte, or nearly none, the mutations would test little.
    expect(outcomes.read).toBeGreaterThan(MUTATIONS / 20)
    expect(outcomes.refused).toBeGreaterThan(MUTATIONS / 4)
    expect(existsSync('/tmp/flag-was-here')).toBe(false)
  })

  it.each(seeds)('$file cut at any place is refused, or lost nothing', async ({ file, bytes }) => {
    const whole = await readAll(bytes, file).catch(() => -1)
    const step = Math.max(1, Math.floor(bytes.length / 400))
    for (let length = 0; length < bytes.length; length += step) {
      try {
        expect(await readAll(bytes.slice(0, length), file)).toBe(whole)
      } catch (error) {
        if (!(error instanceof FlagError)) throw new Error(`${file} cut at ${length}`, { cause: error })
      }
    }
  })
})
