import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow } from './cache.ts'
import { cachedModels } from './cached.ts'
import { downloadSnapshot } from './snapshot.ts'
import { testHost } from './testing/hosts.ts'
import { gitSha1, sha256 } from './testing/hubServer.ts'
import { COMMIT, files, ID, OLD, world } from './testing/tinyModel.ts'

interface Golden {
  /** Target of a link (`-> …`), text of small files, SHA-256 of others. */
  files: Record<string, string>
  scan: { id: string; commit: string; refs: string[]; files: number; size: number }
}
// Made by tools/oracles/hub_cache.py: huggingface_hub 2.4.0.
const golden = JSON.parse(
  await readFile(new URL('../../goldens/hub/cache.json', import.meta.url), 'utf8'),
) as Golden

const contents = new Map<string, Uint8Array>(
  Object.values(files).flatMap((content): [string, Uint8Array][] => [
    [sha256(content), content],
    [gitSha1(content), content],
  ]),
)

/** The cache as huggingface_hub left it. */
async function pythonCache(cache: string): Promise<void> {
  for (const [path, value] of Object.entries(golden.files)) {
    const place = join(cache, path)
    await mkdir(dirname(place), { recursive: true })
    if (value.startsWith('-> ')) await symlink(value.slice(3), place)
    else await writeFile(place, contents.get(value) ?? value)
  }
}

describe('the cache shared with huggingface_hub', () => {
  it('holds the same files, links, refs and lists when we download', async () => {
    await using it = await world()
    await downloadSnapshot(ID, { env: it.env }, testHost())
    const found = (await filesBelow(it.cache)).map((file) => file.slice(it.cache.length + 1))
    expect(found.filter((path) => path !== 'CACHEDIR.TAG').sort()).toEqual(Object.keys(golden.files).sort())
    for (const [path, value] of Object.entries(golden.files)) {
      if (value.startsWith('-> ')) continue // `cacheState` follows them; snapshot.test.ts looks at one.
      const content = await readFile(join(it.cache, path))
      const hash = createHash('sha256').update(content).digest('hex')
      expect([hash, content.toString()]).toContain(value)
    }
  })

  it('is complete for us when huggingface_hub has downloaded', async () => {
    await using it = await world()
    await pythonCache(it.cache)
    const { files: taken, folder } = await downloadSnapshot(ID, { env: it.env, offline: true }, testHost())
    expect(taken.map(({ path, downloaded }) => [path, downloaded])).toEqual([
      ['config.json', 0],
      ['tokenizer.json', 0],
      ['model.safetensors', 0],
    ])
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"model_type": "tiny"}\n')
    expect(it.hub.requests).toEqual([])
  })

  it('of a version that kept no lists is taken as it is when nobody can be asked', async () => {
    await using it = await world()
    await pythonCache(it.cache)
    const trees = join(it.cache, 'models--flag-test--tiny/trees', `${COMMIT}.json`)
    for (const content of [
      '{',
      '{"format_version": 9, "files": {}}',
      '{"format_version": 1, "files": {"../x": 1}}',
    ]) {
      await writeFile(trees, content)
      const { folder } = await downloadSnapshot(ID, { env: it.env, offline: true }, testHost())
      expect((await readdir(folder)).length).toBe(3)
    }
    // Online it is asked for, and kept.
    await downloadSnapshot(ID, { env: it.env }, testHost())
    expect(await readFile(trees, 'utf8')).toBe(golden.files[`models--flag-test--tiny/trees/${COMMIT}.json`])
  })
})

describe('cachedModels', () => {
  it('says what is there as scan_cache_dir does', async () => {
    await using it = await world()
    await downloadSnapshot(ID, { env: it.env }, testHost())
    const [model, ...others] = await cachedModels(it.env)
    expect(others).toEqual([])
    expect(model).toMatchObject({ ...golden.scan, incomplete: 0 })
    expect(model.folder).toBe(join(it.cache, 'models--flag-test--tiny/snapshots', COMMIT))
  })

  it('lists the snapshot that was used last first, and what was interrupted', async () => {
    await using it = await world()
    for (const revision of ['main', 'v1.0']) await downloadSnapshot(ID, { env: it.env, revision }, testHost())
    const blobs = join(it.cache, 'models--flag-test--tiny/blobs')
    for (const name of await readdir(blobs)) await utimes(join(blobs, name), 1e9, 1e9)
    await utimes(join(blobs, sha256(files['model.safetensors'])), 4e9, 1e9)
    await writeFile(join(blobs, `${'0'.repeat(64)}.flag.incomplete`), '12345')
    const models = await cachedModels(it.env)
    expect(models.map(({ commit, refs, incomplete }) => [commit, refs, incomplete])).toEqual([
      [COMMIT, ['main'], 5],
      [OLD, ['v1.0'], 5],
    ])
    expect(models[0].lastUsed).toEqual(new Date(4e12))
  })

  it('is empty without a cache', async () => {
    expect(await cachedModels({ HF_HOME: '/no/such/folder' })).toEqual([])
  })
})
