import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { knownModelOf, modelFolder, weightsFolder } from './folder.ts'

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'model-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

describe('modelFolder', () => {
  const commits = ['a', 'b'].map((digit) => digit.repeat(40))
  const cacheBefore = process.env.HF_HUB_CACHE
  let cache = ''
  beforeEach(() => {
    const snapshots = 'models--BAAI--AltCLIP/snapshots'
    cache = folderWith({
      'models--BAAI--AltCLIP/refs/main': `${commits[1]}\n`,
      'models--gpt2/refs/main': commits[0],
      [`models--gpt2/snapshots/${commits[0]}/config.json`]: '{}',
      ...Object.fromEntries(commits.map((commit) => [`${snapshots}/${commit}/config.json`, '{}'])),
    })
    process.env.HF_HUB_CACHE = cache
  })
  afterEach(() => {
    if (cacheBefore === undefined) delete process.env.HF_HUB_CACHE
    else process.env.HF_HUB_CACHE = cacheBefore
  })

  it('finds the snapshot of a hub model that main, or a revision, stands for', async () => {
    const snapshots = join(cache, 'models--BAAI--AltCLIP/snapshots')
    expect(await modelFolder('BAAI/AltCLIP')).toBe(join(snapshots, commits[1]))
    expect(await modelFolder('BAAI/AltCLIP', { revision: commits[0] })).toBe(join(snapshots, commits[0]))
    expect(await modelFolder('gpt2', { offline: false })).toBe(
      join(cache, 'models--gpt2/snapshots', commits[0]),
    )
    await expect(modelFolder('BAAI/AltCLIP', { revision: 'v1' })).rejects.toMatchObject({
      message: expect.stringMatching(/at revision v1 is not complete in .*offline/),
      hint: expect.stringContaining('flagai pull BAAI/AltCLIP'),
    })
  })

  it('takes folders as they are given', async () => {
    const folder = folderWith({ 'config.json': '{}' })
    expect(await modelFolder(folder)).toBe(folder)
    await expect(modelFolder(folderWith({}))).rejects.toThrow(/holds no config\.json/)
  })
})

describe('weightsFolder', () => {
  it('is the newest iteration of what FlagAI saved', async () => {
    const folder = folderWith({ 'latest_iteration.txt': '40\t20', '40/pytorch_model.bin': '', '20/x': '' })
    expect(await weightsFolder(folder)).toBe(join(folder, '40'))
    expect(await weightsFolder(join(folder, '20'))).toBe(join(folder, '20'))
  })

  it.each(['41\t0', '../40', ''])('refuses %j', async (content) => {
    const folder = folderWith({ 'latest_iteration.txt': content, '40/pytorch_model.bin': '' })
    await expect(weightsFolder(folder)).rejects.toThrow(/latest_iteration\.txt: names iteration/)
  })
})

it('knows models by id, by folder name and by their place in the cache', () => {
  expect(knownModelOf('BAAI/AltCLIP-m9')?.languages).toHaveLength(9)
  expect(knownModelOf('/models/AltCLIP-m18')?.languages).toHaveLength(18)
  expect(knownModelOf('/cache/models--BAAI--AltCLIP/snapshots/bbbb')?.languages).toEqual(['en', 'zh'])
  expect(knownModelOf('/models/mine')).toBeUndefined()
})
