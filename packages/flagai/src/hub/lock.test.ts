import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from './lock.ts'
import { cacheState } from './testing/cacheState.ts'
import { testHost } from './testing/hosts.ts'
import { COMMIT, ID, WEIGHTS, world } from './testing/tinyModel.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flag-lock-'))
  file = join(folder, 'locks/x.lock')
})
afterEach(() => rm(folder, { recursive: true }))

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('withLock', () => {
  it('lets one in at a time and leaves nothing behind', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      for (let i = 0; i < 5; i++) await nextTurn()
      inside -= 1
    }
    const host = testHost({ sleep: async () => void (await nextTurn()) })
    await Promise.all(Array.from({ length: 8 }, () => withLock(host, file, undefined, work)))
    expect(most).toBe(1)
    expect(await readdir(join(folder, 'locks'))).toEqual([])
  })

  it('is given back when the work fails', async () => {
    const fail = async () => {
      throw new Error('no')
    }
    await expect(withLock(testHost(), file, undefined, fail)).rejects.toThrow('no')
    expect(await withLock(testHost(), file, undefined, async () => 1)).toBe(1)
  })

  it('waits for a holder that shows signs of life, and no longer', async () => {
    await withLock(testHost(), file, undefined, async () => {})
    await writeFile(file, JSON.stringify({ key: 'other', pid: 1, machine: 'another' }))
    let waits = 0
    const sleep = async () => {
      waits += 1
      // A sign every now and then, until the holder is gone.
      if (waits < 1000 && waits % 100 === 0) await writeFile(file, `${await readFile(file, 'utf8')} `)
    }
    await withLock(testHost({ sleep }), file, undefined, async () => {})
    expect(waits).toBe(900 + 150)
  })

  it('tells the work when the lock was lost, and does it again', async () => {
    let beat = () => {}
    const every = (_: number, work: () => void) => {
      beat = work
      return () => {}
    }
    let tries = 0
    const result = await withLock(testHost({ every }), file, undefined, async (held) => {
      tries += 1
      if (tries > 1) return 'done'
      await writeFile(file, JSON.stringify({ key: 'thief', pid: 0, machine: 'another' }))
      const lost = new Promise((_, reject) => held.addEventListener('abort', () => reject(held.reason)))
      beat()
      return lost
    })
    expect([result, tries]).toEqual(['done', 2])
  })

  it('stops waiting when it is told to', async () => {
    const stop = new AbortController()
    const inner = async () => {
      stop.abort()
      await withLock(testHost(), file, stop.signal, async () => {})
    }
    await expect(withLock(testHost(), file, undefined, inner)).rejects.toThrow(/abort/)
  })
})

const script = fileURLToPath(new URL('testing/pull.ts', import.meta.url))

/** A process of its own that downloads the model. */
function pull(env: Record<string, string | undefined>) {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ID], {
    env: { ...process.env, HF_HUB_OFFLINE: '0', ...env },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  const prints = (line: string) =>
    new Promise<void>((resolve) => {
      const look = () => out.includes(line) && resolve()
      child.stdout.on('data', look).on('close', resolve)
      look()
    })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  )
  return { child, ended, prints }
}

const downloadedBy = (out: string): number[] => JSON.parse(out.slice(out.lastIndexOf('\n') + 1))

describe('two processes', () => {
  it('that download the same model at the same time download it once', async () => {
    await using it = await world()
    // The first gets its file once the second has come, too.
    let second = () => {}
    const after = new Promise<void>((resolve) => {
      second = resolve
    })
    it.hub.fault = ({ kind, count }) => {
      if (kind === 'info' && count === 2) second()
      return kind === 'cdn' ? { after } : undefined
    }
    const both = [pull(it.env), pull(it.env)]
    const results = await Promise.all(both.map(({ ended }) => ended))
    expect(results.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
    ])
    const fetched = it.hub.requests.filter(({ kind, file }) => kind === 'cdn' && file === 'model.safetensors')
    expect(fetched).toHaveLength(1)
    const received = results.flatMap(({ out }) => downloadedBy(out))
    expect(received.filter((bytes) => bytes === WEIGHTS.length)).toHaveLength(1)
    const { unsound, partial, refs } = await cacheState(it.cache, ID)
    expect([unsound, partial, refs]).toEqual([[], {}, { main: COMMIT }])
  })

  it('of which one is killed in a file: the other goes on from there', async () => {
    await using it = await world()
    it.hub.fault = ({ kind, file, count }) =>
      kind === 'cdn' && file === 'model.safetensors' && count === 1 ? { stallAfter: 100_000 } : undefined
    const first = pull(it.env)
    await first.prints('model.safetensors 100000\n')
    expect(first.child.kill('SIGKILL')).toBe(true)
    await first.ended
    const second = await pull(it.env).ended
    expect([second.code, second.err]).toEqual([0, ''])
    expect(downloadedBy(second.out)).toContain(WEIGHTS.length - 100_000)
    const state = await cacheState(it.cache, ID)
    expect([state.unsound, state.partial]).toEqual([[], {}])
  })
})
