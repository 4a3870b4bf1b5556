import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { modelCache, partialPath, readTree } from './cache.ts'
import { type DownloadProgress, downloadSnapshot } from './snapshot.ts'
import { cacheState } from './testing/cacheState.ts'
import { testHost } from './testing/hosts.ts'
import { gitSha1, sha256 } from './testing/hubServer.ts'
import { COMMIT, files, ID, OLD, WEIGHTS, world } from './testing/tinyModel.ts'

const NEEDED = ['config.json', 'model.safetensors', 'tokenizer.json']

describe('snapshotDownload', () => {
  it('brings what a model needs into a cache laid out as that of huggingface_hub', async () => {
    await using it = await world()
    const snapshot = await downloadSnapshot(ID, { env: it.env }, testHost())
    expect(snapshot.commit).toBe(COMMIT)
    expect(snapshot.folder).toBe(join(it.cache, 'models--flag-test--tiny/snapshots', COMMIT))
    expect(snapshot.files.map(({ path }) => path).sort()).toEqual(NEEDED)
    expect(snapshot.skipped.map(({ path }) => path).sort()).toEqual(
      Object.keys(files).filter((path) => !NEEDED.includes(path)),
    )
    for (const { path, size, downloaded } of snapshot.files) {
      expect(await readFile(join(snapshot.folder, path))).toEqual(Buffer.from(files[path as 'config.json']))
      expect(downloaded).toBe(size)
    }
    expect(await readlink(join(snapshot.folder, 'config.json'))).toBe(
      `../../blobs/${gitSha1(files['config.json'])}`,
    )
    expect(await cacheState(it.cache, ID)).toEqual({
      blobs: [sha256(WEIGHTS), sha256(files['tokenizer.json']), gitSha1(files['config.json'])].sort(),
      partial: {},
      refs: { main: COMMIT },
      snapshots: { [COMMIT]: NEEDED },
      unsound: [],
      locks: [],
    })
  })

  it('asks only what is new when everything is there, and nothing for a commit or offline', async () => {
    await using it = await world()
    await downloadSnapshot(ID, { env: it.env }, testHost())
    it.hub.requests.length = 0
    const again = await downloadSnapshot(ID, { env: it.env }, testHost())
    expect(again.files.map(({ downloaded }) => downloaded)).toEqual([0, 0, 0])
    expect(it.hub.requests.map(({ kind }) => kind)).toEqual(['info'])
    it.hub.requests.length = 0
    await downloadSnapshot(ID, { env: it.env, revision: COMMIT }, testHost())
    await downloadSnapshot(ID, { env: it.env, offline: true }, testHost())
    await downloadSnapshot(ID, { env: { ...it.env, HF_HUB_OFFLINE: 'YES' } }, testHost())
    expect(it.hub.requests).toEqual([])
  })

  it('downloads revisions, which share what is equal', async () => {
    await using it = await world()
    await downloadSnapshot(ID, { env: it.env }, testHost())
    for (const revision of ['v1.0', 'refs/pr/1', OLD]) {
      const { commit, files: taken } = await downloadSnapshot(ID, { env: it.env, revision }, testHost())
      expect(commit).toBe(OLD)
      const downloaded = taken.reduce((sum, file) => sum + file.downloaded, 0)
      expect(downloaded).toBe(revision === 'v1.0' ? 2000 : 0)
    }
    const { refs, unsound } = await cacheState(it.cache, ID)
    expect(refs).toEqual({ main: COMMIT, 'v1.0': OLD, 'refs/pr/1': OLD })
    expect(unsound).toEqual([])
  })

  it('takes and leaves files by pattern', async () => {
    await using it = await world()
    const choose = async (choice: { include?: string[]; exclude?: string[] }) => {
      const { files: taken } = await downloadSnapshot(ID, { env: it.env, ...choice }, testHost())
      return taken.map(({ path }) => path)
    }
    expect(await choose({ include: ['onnx/'] })).toEqual(['onnx/model.onnx'])
    expect(await choose({ include: ['*.bin'], exclude: ['training*'] })).toEqual(['pytorch_model.bin'])
    expect(await choose({ exclude: ['*.safetensors'] })).toEqual([
      'config.json',
      'tokenizer.json',
      'pytorch_model.bin',
    ])
    await expect(choose({ include: ['*.gguf'] })).rejects.toThrow(/none of its 7 files was chosen/)
  })

  it('goes on where an earlier process was interrupted', async () => {
    await using it = await world()
    const tree = [{ path: 'model.safetensors', size: WEIGHTS.length, blobId: '0', sha256: sha256(WEIGHTS) }]
    const partial = partialPath(modelCache(it.cache, ID), tree[0])
    await mkdir(dirname(partial), { recursive: true })
    await writeFile(partial, WEIGHTS.subarray(0, 200_000))
    const { files: taken } = await downloadSnapshot(ID, { env: it.env }, testHost())
    expect(taken.find(({ path }) => path === 'model.safetensors')?.downloaded).toBe(100_000)
    expect(
      it.hub.requests.find(({ kind, file }) => kind === 'cdn' && file === 'model.safetensors')?.range,
    ).toBe('bytes=200000-')
    expect((await cacheState(it.cache, ID)).unsound).toEqual([])
  })

  it.each([
    ['other bytes', Buffer.alloc(1000, 7)],
    ['too many bytes', Buffer.alloc(400_000, 7)],
    ['all of them, wrong', Buffer.alloc(300_000, 7)],
  ])('does not trust what an earlier process left: %s', async (_, left) => {
    await using it = await world()
    const file = { path: 'x', size: WEIGHTS.length, blobId: '0', sha256: sha256(WEIGHTS) }
    const partial = partialPath(modelCache(it.cache, ID), file)
    await mkdir(dirname(partial), { recursive: true })
    await writeFile(partial, left)
    await downloadSnapshot(ID, { env: it.env }, testHost())
    const state = await cacheState(it.cache, ID)
    expect([state.unsound, state.partial]).toEqual([[], {}])
    expect(state.blobs).toContain(sha256(WEIGHTS))
  })

  it('sends the token to the hub and to nobody else', async () => {
    const TOKEN = 'hf_OnlyForTheHub'
    await using it = await world({ token: TOKEN })
    await writeFile(join(it.home, 'token'), `${TOKEN}\n`)
    await downloadSnapshot(ID, { env: it.env }, testHost())
    for (const { kind, authorization } of it.hub.requests) {
      expect(authorization).toBe(kind === 'cdn' ? undefined : `Bearer ${TOKEN}`)
    }
    expect(it.hub.requests.some(({ kind }) => kind === 'cdn')).toBe(true)
  })

  it('reports how far it is', async () => {
    await using it = await world()
    const seen: DownloadProgress[] = []
    await downloadSnapshot(ID, { env: it.env, onProgress: (progress) => seen.push(progress) }, testHost())
    const size = NEEDED.reduce((sum, path) => sum + files[path as 'config.json'].length, 0)
    const last = seen[seen.length - 1]
    expect([last.done, last.size]).toEqual([size, size])
    for (const file of NEEDED) {
      const own = seen.filter((progress) => progress.file === file).map(({ fileDone }) => fileDone)
      expect(own).toEqual([...own].sort((a, b) => a - b))
      expect(own[own.length - 1]).toBe(files[file as 'config.json'].length)
    }
  })

  it('reads shards from their index, and takes nothing else', async () => {
    const index = { weight_map: { a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors' } }
    const sharded = {
      'config.json': files['config.json'],
      'model.safetensors.index.json': Buffer.from(JSON.stringify(index)),
      'model-1-of-2.safetensors': Buffer.from('one'),
      'model-2-of-2.safetensors': Buffer.from('two'),
      'pytorch_model.bin': Buffer.from('old'),
    }
    await using it = await world({ commits: { [COMMIT]: sharded } })
    const { files: taken } = await downloadSnapshot(ID, { env: it.env }, testHost())
    expect(taken.map(({ path }) => path)).toEqual(Object.keys(sharded).slice(0, 4))
    const folder = (await downloadSnapshot(ID, { env: it.env, offline: true }, testHost())).folder
    await rm(join(folder, 'model-2-of-2.safetensors'))
    await expect(downloadSnapshot(ID, { env: it.env, offline: true }, testHost())).rejects.toThrow(
      /not complete/,
    )
  })

  it('stops when it is told to, and keeps what it has', async () => {
    await using it = await world()
    const stop = new AbortController()
    const download = downloadSnapshot(
      ID,
      { env: it.env, signal: stop.signal, parallel: 1, onProgress: () => stop.abort() },
      testHost(),
    )
    await expect(download).rejects.toThrow(/abort/)
    const state = await cacheState(it.cache, ID)
    expect([state.unsound, state.refs]).toEqual([[], {}])
  })

  it('works where links are not possible', async () => {
    await using it = await world()
    const symlink = async () => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
    }
    const { folder } = await downloadSnapshot(ID, { env: it.env }, testHost({ symlink }))
    expect((await readdir(folder)).sort()).toEqual(NEEDED)
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(Buffer.from(WEIGHTS))
    it.hub.requests.length = 0
    await downloadSnapshot(ID, { env: it.env, revision: COMMIT }, testHost())
    expect(it.hub.requests).toEqual([])
  })

  it('keeps the list of files for itself and for Python', async () => {
    await using it = await world()
    await downloadSnapshot(ID, { env: it.env }, testHost())
    const tree = await readTree(modelCache(it.cache, ID), COMMIT)
    expect(tree?.map(({ path, size }) => [path, size])).toEqual(
      Object.entries(files).map(([path, content]) => [path, content.length]),
    )
  })
})

describe('what a hub must not make this machine do', () => {
  it.each(['../evil', '/etc/evil', 'a/../../evil', 'C:evil', '..\\evil', 'a//b'])(
    'write a file named %j',
    async (path) => {
      await using it = await world({ commits: { [COMMIT]: { ...files, [path]: Buffer.from('x') } } })
      const download = downloadSnapshot(ID, { env: it.env, include: ['*'] }, testHost())
      await expect(download).rejects.toMatchObject({ code: 'unsupported' })
      expect((await cacheState(it.cache, ID)).blobs).toEqual([])
    },
  )

  it.each(['../../x', '/x', 'a/../b', ''])('take %j for a revision', async (revision) => {
    await using it = await world()
    await expect(downloadSnapshot(ID, { env: it.env, revision }, testHost())).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    expect(it.hub.requests).toEqual([])
  })

  it.each(['a/b/c', '../x', 'a--b', '-a', 'a b', 'x.git', ''])('take %j for a model', async (id) => {
    await expect(downloadSnapshot(id, {}, testHost())).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
