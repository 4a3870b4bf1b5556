import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toFloat16Bits } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agreementOf } from './agreement.ts'
import { compareSubjects } from './compare.ts'
import { fileAtRevision } from './revisions.ts'
import { saveChain } from './testing/chain.ts'

const plan = { looks: [1], rounds: 5, burstMs: 0.5, warmUpMs: 1 }

let folder: string
let model: string
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'flagperf-compare-')))
  model = await saveChain(folder, 3, 16)
})
afterAll(() => rm(folder, { recursive: true }))

const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

describe('subjects in processes of their own', () => {
  test('models: every sample is kept, and outputs are compared', async () => {
    const seen: number[][] = []
    const { raw } = await compareSubjects(
      { kind: 'model', model },
      { kind: 'model', model: await saveChain(folder, 4, 16), optimization: 'disabled' },
      { plan, onBlock: (...counts) => seen.push(counts) },
    )
    expect(seen).toEqual([[1, 1]])
    const [{ processes, runsPerSample }] = raw.blocks
    expect(processes.map(({ side }) => side)).toEqual(['a', 'b', 'a', 'b'])
    for (const { wallNs, cpuNs, openNs, firstRunNs } of processes) {
      expect([wallNs.length, cpuNs.length]).toEqual([5, 5])
      expect(new Set([...wallNs, ...cpuNs].map((samples) => samples.length)).size).toBe(1)
      expect(Math.min(...wallNs.flat(), openNs, firstRunNs)).toBeGreaterThan(0)
    }
    expect(runsPerSample).toBeGreaterThanOrEqual(1)
    expect(raw.a.options).toMatchObject({
      provider: 'cpu',
      threads: 1,
      optimization: 'all',
      onnxruntime: '1.30.0',
    })
    expect(raw.b.options.optimization).toBe('disabled')
    // The second is its own reference. The two chains have outputs of one name and different values.
    expect(raw.agreement.b).toMatchObject([{ elements: 1, maxAbs: 0, maxRel: 0 }])
    expect(raw.agreement.a[0].maxRel).toBeLessThan(1e-5)
    expect(raw.agreement.between[0].maxRel).toBeGreaterThan(0.01)
  })

  test('a subject that fails, that is none, and one that never answers', async () => {
    const compare = (module: string, timeLimitMs?: number) =>
      compareSubjects(
        { kind: 'module', module },
        { kind: 'module', module },
        { plan, outputs: false, timeLimitMs },
      )
    const throws = await write('throws.mjs', "export default () => () => { throw new Error('no such luck') }")
    await expect(compare(throws)).rejects.toThrow('throws.mjs: no such luck')
    await expect(compare(await write('empty.mjs', 'export const x = 1'))).rejects.toThrow(/no default export/)
    await expect(compare(await write('exits.mjs', 'process.exit(7)'))).rejects.toThrow(
      'its process ended with exit code 7',
    )
    const hangs = await write('hangs.mjs', 'export default () => () => new Promise(() => {})')
    await expect(compare(hangs, 3000)).rejects.toThrow('hangs.mjs: no answer within 3 s')
    await expect(compare(join(folder, 'none.mjs'))).rejects.toThrow(/none.mjs: no such file/)
    await expect(
      compareSubjects({ kind: 'model', model, runtime: folder }, { kind: 'model', model }, { plan }),
    ).rejects.toThrow(/onnxruntime-node is not installed there/)
  })
})

describe('agreement of outputs', () => {
  const parts = (data: ArrayLike<number>, dtype = 'float32', name = 'y') => ({
    name,
    dtype,
    shape: [data.length],
    data,
  })
  test('differences and the angle', () => {
    expect(agreementOf([parts([3, 4])], [parts([4, 3])])).toEqual([
      { output: 'y', elements: 2, maxAbs: 1, maxRel: 0.25, cosine: 24 / 25 },
    ])
    const bits = Uint16Array.of(toFloat16Bits(1.5), toFloat16Bits(-2))
    expect(agreementOf([parts(bits, 'float16')], [parts(bits, 'float16')])[0]).toMatchObject({
      maxAbs: 0,
      cosine: 1,
    })
  })
  test('what is not finite agrees only with itself, and no number is NaN', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
    expect(agreementOf([parts([nan, infinity, 2])], [parts([nan, infinity, 2])])[0]).toMatchObject({
      maxAbs: 0,
      cosine: 1,
    })
    expect(agreementOf([parts([nan, 1])], [parts([1, 1])])[0]).toMatchObject({ maxAbs: null, maxRel: null })
    expect(agreementOf([parts([0, 0])], [parts([0, 0])])[0]).toMatchObject({
      maxAbs: 0,
      maxRel: 0,
      cosine: null,
    })
  })
  test('outputs that are not the same thing are left out', () => {
    expect(agreementOf([parts([1])], [parts([1, 2])])).toEqual([])
    expect(agreementOf([parts([1])], [parts([1], 'float64')])).toEqual([])
    expect(agreementOf([parts([1])], [parts([1], 'float32', 'z')])).toEqual([])
  })
})

describe('revisions', () => {
  test('a module as it was, with its neighbours of then and the packages of now', async () => {
    const root = join(folder, 'repository')
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], {
        cwd: root,
        stdio: 'pipe',
      })
    await mkdir(join(root, 'packages/own'), { recursive: true })
    await mkdir(join(root, 'node_modules/@scope'), { recursive: true })
    await mkdir(join(root, 'node_modules/other'))
    await symlink('../../packages/own', join(root, 'node_modules/@scope/own'))
    await writeFile(join(root, '.gitignore'), 'node_modules\n')
    const own = (version: string) =>
      Promise.all([
        writeFile(join(root, 'packages/own/package.json'), '{"type":"module","exports":"./index.js"}'),
        writeFile(join(root, 'packages/own/index.js'), `export const own = '${version}'`),
      ])
    await writeFile(join(root, 'node_modules/other/index.js'), "module.exports = 'installed'")
    const text = `import { own } from '@scope/own'\nimport other from 'other'\nexport const seen = own + ' ' + other\n`
    await writeFile(join(root, 'bench.mjs'), text)
    git('init', '--quiet')
    for (const version of ['first', 'second']) {
      await own(version)
      git('add', '.')
      git('commit', '--quiet', '-m', version)
    }
    const at = await fileAtRevision(join(root, 'bench.mjs'), 'HEAD~1')
    expect((await import(at.file)).seen).toBe('first installed')
    expect((await import(join(root, 'bench.mjs'))).seen).toBe('second installed')
    await at.remove()
    expect(existsSync(at.folder)).toBe(false)
    await expect(fileAtRevision(join(root, 'bench.mjs'), 'no-such-branch')).rejects.toThrow(
      /bench.mjs@no-such-branch: .*Needed a single revision/,
    )
  })
})
