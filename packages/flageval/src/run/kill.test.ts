import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mulberry32 } from '../metrics/testing/mulberry.ts'
import { readLog } from './sampleLog.ts'

const KILLS = 10
const BATCH = 64

/** Vectors of a hash; notes every request in a file and dies so long after so many of them. */
const model = `
import { appendFileSync } from 'node:fs'
const { NOTES, AFTER, DELAY } = process.env
let asked = 0
const rows = (keys) => {
  appendFileSync(NOTES, keys.map((key) => Buffer.from(key).toString('base64') + '\\n').join(''))
  if (AFTER && asked <= AFTER && asked + keys.length > AFTER) setTimeout(() => process.kill(process.pid, 'SIGKILL'), DELAY)
  asked += keys.length
  const data = Float32Array.from(keys.flatMap((key) => {
    let state = 7
    for (const byte of Buffer.from(key)) state = (Math.imul(state, 31) + byte) | 0
    return Array.from({ length: 8 }, (_, k) => Math.sin(state * (k + 1)))
  }))
  return { rank: 2, shape: [keys.length, 8], row: (i) => ({ data: data.subarray(8 * i, 8 * i + 8) }) }
}
export default () => ({
  name: 'hash', fingerprint: 'hash', encodeText: async (x) => rows(x), encodeImage: async (x) => rows(x), dispose: async () => {},
})
`

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-kill-'))
  await writeFile(at('model.mjs'), model)
})
afterAll(() => rm(folder, { recursive: true }))

/** The command itself in a process of its own; returns the signal that ended it. */
function flageval(name: string, environment: Record<string, string> = {}): Promise<string | null> {
  const args = [
    ...['--import', 'tsx', fileURLToPath(new URL('../cli/main.ts', import.meta.url)), 'run'],
    ...['--model', at('model.mjs'), '--task', 'shape-foils', 'shape-pairs', '--languages', 'en,ja'],
    ...['--output', at(name), '--cache', at(`${name}-cache`)],
  ]
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NOTES: at(`${name}.notes`), ...environment }
    execFile(process.execPath, args, { env }, (error, _, stderr) => {
      if (error && !error.signal) reject(new Error(stderr))
      else resolve(error?.signal ?? null)
    })
  })
}

const linesOf = async (name: string) => (await readFile(at(name), 'utf8')).trim().split('\n')

describe('a run that is killed ten times', () => {
  it('ends with the results of one that was not, and scores no sample twice', async () => {
    expect(await flageval('whole')).toBeNull()
    const requests = await linesOf('whole.notes')
    expect(new Set(requests).size).toBe(requests.length)

    const random = mulberry32(2026)
    const killed = new Map<string, number>()
    let name = 'cut-0'
    // On a fast machine a run may be complete before it was killed ten times: the other kills are then another run's.
    for (let kills = 0; kills < KILLS; ) {
      // Early, and with a delay that reaches into what follows.
      const [after, delay] = [Math.floor(random() * BATCH), Math.floor(random() * 12)]
      const signal = await flageval(name, { AFTER: `${after}`, DELAY: `${delay}` })
      if (signal === null) {
        expect(killed.get(name)).toBeGreaterThan(0)
        name = `cut-${killed.size}`
        continue
      }
      expect(signal).toBe('SIGKILL')
      kills++
      killed.set(name, (killed.get(name) ?? 0) + 1)
    }
    expect(await flageval(name)).toBeNull()

    for (const [cut, kills] of killed) {
      for (const file of ['samples.jsonl', 'results.json'])
        expect(await readFile(at(`${cut}/${file}`), 'utf8')).toBe(await readFile(at(`whole/${file}`), 'utf8'))
      const { columns } = await readLog(at(`${cut}/samples.jsonl`))
      for (const log of columns) {
        const names = 'records' in log ? log.records.map(({ sample }) => sample) : []
        expect(names.length).toBeGreaterThan(0)
        expect(new Set(names).size).toBe(names.length)
      }
      // A kill loses the batch that was being answered, and no other.
      const asked = await linesOf(`${cut}.notes`)
      expect(new Set(asked)).toEqual(new Set(requests))
      expect(asked.length).toBeLessThanOrEqual(requests.length + kills * BATCH)
    }
  }, 300_000)
})
