import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ComparisonRaw } from '../compare/schema.ts'
import { saveChain } from '../compare/testing/chain.ts'
import { captured } from './testing/captured.ts'

let folder: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-compare-'))
  model = await saveChain(folder, 3, 16)
})
afterAll(() => rm(folder, { recursive: true }))

const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

describe('flagperf compare', () => {
  test('a comparison is a result that verifies, and a changed sample shows', async () => {
    // One waits many times as long as the other: whatever this machine does, that is a difference.
    const waiting = (ms: number) =>
      `export default () => () => new Promise((done) => setTimeout(done, ${ms}))`
    const [quick, slow] = [await write('quick.mjs', waiting(1)), await write('slow.mjs', waiting(12))]
    const output = join(folder, 'waiting.json')
    const args = ['compare', quick, slow, '--tier', 'quick', '--output', output]
    const { code, out, err } = await captured(...args, '--fail-if', 'faster')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /slow\.mjs is slower than quick\.mjs by \d+\.\d\d %: the ratio is .*, beyond the noise floor/,
    )
    expect((await captured('verify', output)).out).toContain('every derived number follows')
    const changed = JSON.parse(await readFile(output, 'utf8'))
    const raw: ComparisonRaw = changed.cases[0].raw
    for (const each of raw.blocks[0].processes)
      each.wallNs = each.wallNs.map((samples) => samples.map((ns) => 2 * ns))
    raw.blocks[1].processes[1].wallNs = raw.blocks[1].processes[0].wallNs
    await writeFile(output, JSON.stringify(changed))
    expect((await captured('verify', output)).code).toBe(1)
  })

  test('what fails is a row, what is asked for wrongly is an error', async () => {
    const throws = await write('broken.mjs', "export default () => { throw new Error('no such luck') }")
    const { code, out } = await captured('compare', throws, '--tier', 'quick')
    expect(code).toBe(1)
    expect(out).toContain('| broken.mjs beside itself | failed | broken.mjs: no such luck |')
    expect((await captured('compare', model, '--b', 'thread=2')).err).toMatch(
      /no option "thread" \(the options of one/,
    )
    expect((await captured('compare', model, '--b', 'threads=0')).err).toMatch(
      /threads=0: expected a whole number/,
    )
    expect((await captured('compare', model, '--b', 'packWeights=no')).err).toMatch(/expected true or false/)
    expect((await captured('compare', throws, '--b', 'threads=2')).err).toMatch(
      /is a module, which takes no options/,
    )
    expect((await captured('compare', model, '--clock', 'sun')).code).toBe(2)
  })
})
