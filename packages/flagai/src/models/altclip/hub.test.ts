import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, startHub } from '../../hub/testing/hubServer.ts'
import { goldens } from './goldens.ts'
import { AltCLIP } from './index.ts'

const folder = `${goldens}altclip`
const expected = JSON.parse(readFileSync(`${folder}/end_to_end.json`, 'utf8')) as {
  texts: string[]
  textEmbeds: number[][]
}
const ID = 'BAAI/AltCLIP-m9'
const COMMIT = 'a'.repeat(40)

let hub: HubServer
let home: string
beforeEach(async () => {
  const files = Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
  )
  const lfs = ['model.safetensors', 'sentencepiece.bpe.model']
  hub = await startHub([{ id: ID, refs: { main: COMMIT }, commits: { [COMMIT]: files }, lfs }])
  home = await mkdtemp(join(tmpdir(), 'flag-hub-'))
  vi.stubEnv('HF_HOME', home)
  vi.stubEnv('HF_ENDPOINT', hub.url)
  vi.stubEnv('HF_HUB_OFFLINE', '0')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await hub.close()
  await rm(home, { recursive: true })
})

async function embeddings(options = {}): Promise<number[]> {
  const model = await AltCLIP.fromPretrained(ID, { threads: 1, ...options })
  try {
    expect(model.languages).toHaveLength(9)
    return (await model.encodeText(expected.texts)).toNumbers()
  } finally {
    await model.dispose()
  }
}

describe('AltCLIP from the hub', () => {
  it('goes from an empty cache to embeddings, and again without network', async () => {
    const files = new Set<string>()
    const first = await embeddings({ onProgress: ({ file }: { file: string }) => files.add(file) })
    expected.textEmbeds.flat().forEach((value, i) => {
      expect(Math.abs(first[i] - value)).toBeLessThan(1e-5)
    })
    expect([...files]).toContain('model.safetensors')
    expect(files.has('gradients.safetensors')).toBe(false)
    hub.requests.length = 0
    expect(await embeddings({ offline: true })).toEqual(first)
    expect(await embeddings({ revision: COMMIT })).toEqual(first)
    expect(hub.requests).toEqual([])
  })

  it('says what the hub says', async () => {
    await expect(AltCLIP.fromPretrained('BAAI/AltCLIP-m0')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no public model "BAAI/AltCLIP-m0" (401)'),
    })
  })
})
