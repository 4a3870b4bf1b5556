import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { AltCLIP } from './altclip/index.ts'
import { EMBEDDED_MODEL } from './folder.ts'

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  statfs: async () => ({ bavail: 1, bsize: 2 ** 20 }),
}))

const cache = mkdtempSync(join(tmpdir(), 'flag-full-'))
const before = process.env.FLAG_CACHE
process.env.FLAG_CACHE = cache
afterAll(() => {
  if (before === undefined) delete process.env.FLAG_CACHE
  else process.env.FLAG_CACHE = before
  rmSync(cache, { recursive: true })
})

it('says before converting that the disk has no room, and leaves nothing there', async () => {
  const model = await AltCLIP.fromPretrained(EMBEDDED_MODEL, { dtype: 'int8', threads: 1 })
  try {
    await expect(model.encodeText('cat')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/converted weights take 3 MB, 1 MB are free$/),
      hint: 'make room, or set FLAG_CACHE to a folder on another disk',
    })
  } finally {
    await model.dispose()
  }
  const files = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
  expect(files).toEqual([])
})
