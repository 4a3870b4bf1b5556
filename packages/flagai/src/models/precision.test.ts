import { fork } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tensor } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AltCLIP } from './altclip/index.ts'
import { EMBEDDED_MODEL } from './folder.ts'
import { conversionCache, type ModelDType, modelDTypes } from './precision.ts'

const texts = ['cat', 'дом с красной крышей', '一把红伞', 'smiling face with sunglasses']
const pictures = ['a', 'b'].map((_, i) => ({
  width: 48,
  height: 48,
  data: Uint8Array.from({ length: 48 * 48 * 3 }, (_, k) => (k * (i + 3)) % 251),
}))

let cache: string
const before = process.env.FLAG_CACHE
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'flag-cache-'))
  process.env.FLAG_CACHE = cache
})
afterAll(() => {
  if (before === undefined) delete process.env.FLAG_CACHE
  else process.env.FLAG_CACHE = before
  rmSync(cache, { recursive: true })
})

async function embeddings(dtype: ModelDType, onConversion?: (part: string) => void) {
  const model = await AltCLIP.fromPretrained(EMBEDDED_MODEL, { dtype, threads: 1, onConversion })
  try {
    return { text: await model.encodeText(texts), image: await model.encodeImage(pictures) }
  } finally {
    await model.dispose()
  }
}

function leastCosine(a: Tensor, b: Tensor): number {
  const cosines = Array.from({ length: a.shape[0] }, (_, i) => {
    const other = b.row(i).toNumbers()
    return a
      .row(i)
      .toNumbers()
      .reduce((sum, x, k) => sum + x * other[k], 0)
  })
  return Math.min(...cosines)
}

/** Files below the cache, with their sizes and times. */
const cached = () =>
  readdirSync(cache, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ name, stat: statSync(join(cache, name)) }))
    .filter(({ stat }) => stat.isFile())
    .map(({ name, stat }) => ({ name, size: stat.size, time: stat.mtimeMs, inode: stat.ino }))

describe('the embedded model, stored as fp16, in another precision', () => {
  let exact: { text: Tensor; image: Tensor }
  beforeAll(async () => {
    exact = await embeddings('fp32')
  })

  it.each([
    ['auto', 1 - 1e-6, 0],
    ['fp16', 1 - 1e-6, 0],
    ['bf16', 0.9999, 2],
    ['int8', 0.997, 2],
    ['int4', 0.9, 2],
  ] as const)('%s gives nearly the same embeddings', async (dtype, least, files) => {
    const already = cached().length
    const { text, image } = await embeddings(dtype)
    expect(leastCosine(text, exact.text)).toBeGreaterThan(least)
    expect(leastCosine(image, exact.image)).toBeGreaterThan(least)
    expect(cached().length - already).toBe(files)
  })

  it('is converted once', async () => {
    const files = cached()
    const parts: string[] = []
    const again = await embeddings('int8', (part) => parts.push(part))
    expect(parts).toEqual([])
    expect(cached()).toEqual(files)
    expect(again.text.shape).toEqual(exact.text.shape)
  })

  it('is converted again when the file is of other weights', async () => {
    const [{ name }] = cached().filter(({ name }) => /int8.*text/.test(name))
    writeFileSync(join(cache, name), readFileSync(join(cache, name.replace('text', 'vision'))))
    const parts = new Set<string>()
    const { text } = await embeddings('int8', (part) => parts.add(part))
    expect([...parts]).toEqual(['text'])
    expect(leastCosine(text, exact.text)).toBeGreaterThan(0.997)
  })

  it('leaves no half file when a process is killed, and a later one removes what it left', async () => {
    const folder = mkdtempSync(join(cache, 'killed-'))
    const run = (mode: string) =>
      fork(fileURLToPath(new URL('./testing/conversion.ts', import.meta.url)), [mode], {
        env: { ...process.env, FLAG_CACHE: folder },
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
    const killed = run('killed')
    expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
    const [left] = readdirSync(join(folder, 'quantized'))
    const place = join(folder, 'quantized', left)
    const abandoned = readdirSync(place)
    expect(abandoned.length).toBe(1)
    expect(abandoned[0]).toMatch(/^text\.safetensors\..*\.tmp$/)
    utimesSync(join(place, abandoned[0]), 0, 0)
    // Two at once: both end well, and one whole file stays.
    const both = [run('whole'), run('whole')]
    expect(await Promise.all(both.map((child) => once(child, 'exit')))).toEqual([
      [0, null],
      [0, null],
    ])
    expect(readdirSync(place)).toEqual(['text.safetensors'])
  }, 60_000)
})

it('keeps weights packed once a tower has run for a second, and gives the same before and after', async () => {
  const packed = join(cache, 'packed')
  const model = await AltCLIP.fromPretrained(EMBEDDED_MODEL, { packed: true, threads: 1 })
  try {
    const first = await model.encodeText(texts)
    const isThere = () => existsSync(packed) && readdirSync(packed).some((name) => !name.endsWith('.tmp'))
    while (!isThere()) expect(leastCosine(await model.encodeText(texts), first)).toBeGreaterThan(1 - 1e-6)
    for (let i = 0; i < 50; i++)
      expect(leastCosine(await model.encodeText(texts), first)).toBeGreaterThan(1 - 1e-6)
  } finally {
    await model.dispose()
  }
}, 60_000)

describe('what can go wrong', () => {
  it('names the dtypes that there are', async () => {
    const opened = AltCLIP.fromPretrained(EMBEDDED_MODEL, { dtype: 'int2' as ModelDType })
    await expect(opened).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'unknown dtype "int2"',
      hint: `known: ${modelDTypes.join(', ')}`,
    })
  })

  it('says what to do when the cache cannot be made', async () => {
    const file = join(cache, 'a-file')
    writeFileSync(file, '')
    process.env.FLAG_CACHE = file
    try {
      expect(conversionCache()).toBe(join(file, 'quantized'))
      await expect(embeddings('int4')).rejects.toMatchObject({
        code: 'io',
        hint: 'set FLAG_CACHE to a folder that can be written to',
      })
    } finally {
      process.env.FLAG_CACHE = cache
    }
    expect(existsSync(file)).toBe(true)
    mkdirSync(cache, { recursive: true })
  })
})
