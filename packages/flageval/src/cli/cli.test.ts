import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from '../models/model.ts'
import { runProgram } from './program.ts'

/** A model file that knows only how long its input is. */
const model = (name: string, factor: number) => `
export default () => ({
  name: '${name}',
  fingerprint: '${name}',
  encodeText: async (texts) => rows(texts.map((text) => text.length)),
  encodeImage: async (pictures) => rows(pictures.map((picture) => picture.length)),
  dispose: async () => {},
})
const rows = (sizes) => {
  const data = Float32Array.from(sizes.flatMap((size) => [Math.sin(size), Math.cos(size * ${factor}), 1]))
  return { rank: 2, shape: [sizes.length, 3], row: (i) => ({ data: data.subarray(3 * i, 3 * i + 3) }) }
}
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-cli-'))
  await writeFile(join(folder, 'a.mjs'), model('a', 1))
  await writeFile(join(folder, 'b.mjs'), model('b', 3))
  await writeFile(join(folder, 'none.mjs'), 'export default () => ({})')
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

async function flageval(...args: string[]) {
  const written = { out: '', err: '' }
  const terminal = {
    out: (text: string) => {
      written.out += text
    },
    err: (text: string) => {
      written.err += text
    },
    isInteractive: false,
  }
  return { code: await runProgram(args, { terminal, openModel }), ...written }
}

const runOf = (name: string) =>
  flageval(
    ...['run', '--model', at(`${name}.mjs`), '--task', 'shape-pairs', '--languages', 'en,ru'],
    ...['--output', at(`run-${name}`), '--cache', at('cache')],
  )

describe('flageval', () => {
  it('lists tasks and what they need', async () => {
    const { code, out } = await flageval('list')
    expect(code).toBe(0)
    for (const id of ['emoji-retrieval', 'flag-countries', 'shape-foils', 'shape-pairs'])
      expect(out).toContain(id)
    const { suites } = JSON.parse((await flageval('list', '--json')).out)
    expect(suites['multilingual-mini'].length).toBe(6)
  })

  it('runs, validates and compares', async () => {
    const { code, out } = await runOf('a')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^shape-pairs\n\s+text\s+image\s+group\nen .*\nru .*\nmean .*\nraw pixels .*\nchance\s+25\.0\s+25\.0\s+16\.7\n126 samples in 63/m,
    )
    await runOf('b')
    expect((await flageval('validate', at('run-a'))).code).toBe(0)
    const { rows } = JSON.parse((await flageval('compare', at('run-a'), at('run-b'), '--json')).out)
    expect(rows.map((row: { language: string }) => row.language)).toEqual(['en', 'ru'])
    expect(rows[0].adjusted).toBeGreaterThanOrEqual(rows[0].comparison.p)
    expect((await flageval('compare', at('run-a'), at('run-b'))).out).toContain('p (Holm)')
    const written = JSON.parse(await readFile(join(at('run-a'), 'results.json'), 'utf8'))
    expect(written.results[0].scores.length).toBe(3)
  })

  it('runs perturbed questions beside the others', async () => {
    const perturbed = (name: string, ...more: string[]) =>
      flageval(
        ...['run', '--model', at('a.mjs'), '--task', 'shape-pairs', '--languages', 'en', '--perturb', name],
        ...['--output', at('perturbed'), '--cache', at('cache'), ...more],
      )
    const { code, out } = await perturbed('spaces', '--perturb', 'lower-case')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^en .*\nperturbed by spaces, en .*\nperturbed by lower-case, en .*\nraw pixels .*\n/m,
    )
    expect(out).toMatch(/^shape-pairs en perturbed by lower-case group/m)
    const { results } = JSON.parse(await readFile(join(at('perturbed'), 'results.json'), 'utf8'))
    const of = (system: string) => results.find((it: { system: string }) => it.system === system)
    const [plain, spaced] = [of('model'), of('perturbed by spaces')]
    expect(plain.differences).toBeUndefined()
    for (const [i, { first, second, difference }] of spaced.differences.entries()) {
      expect([first, second]).toEqual([plain.scores[i].value, spaced.scores[i].value])
      expect(difference).toBeCloseTo(second - first, 12)
    }
    // The texts of this task have no capitals: nothing changes.
    expect(of('perturbed by lower-case').scores).toEqual(plain.scores)
    const lines = (await readFile(join(at('perturbed'), 'samples.jsonl'), 'utf8')).trim().split('\n')
    const hashesOf = (system: string) => {
      const all = lines.map((line) => JSON.parse(line))
      const end = all.findIndex((line) => line.end?.system === system)
      return all.slice(end - 126, end).map(({ document }) => document)
    }
    expect(hashesOf('perturbed by spaces')).not.toEqual(hashesOf('model'))
    expect(hashesOf('perturbed by lower-case')).toEqual(hashesOf('model'))
    expect(await flageval('validate', at('perturbed'))).toMatchObject({ code: 0 })
    expect((await perturbed('typos')).err).toContain('holds another run: perturbed')
    expect(await perturbed('shouting')).toMatchObject({ code: 2, err: expect.stringContaining('mild-mix') })
    expect((await flageval('list', '--perturbations')).out).toContain('full-width')
    const page = at('perturbed.html')
    expect((await flageval('board', at('perturbed'), '--out', page)).code).toBe(0)
    expect(await readFile(page, 'utf8')).toContain('a, perturbed by spaces')
  })

  it('writes runs as a page', async () => {
    await runOf('a')
    const page = at('board.html')
    const { code, out, err } = await flageval('board', at('run-a'), '--out', page, '--samples', '2')
    expect([code, out, err]).toEqual([0, '', `${page}: 1 run\n`])
    expect(await readFile(page, 'utf8')).toContain('<title>Evaluation of a</title>')
    expect((await flageval('board', at('run-a'), '--out', at('no/board.html'))).err).toContain(
      'cannot be written',
    )
    expect((await flageval('board', at('nowhere'), '--out', page)).err).toContain(
      'give a folder that flageval run wrote',
    )
  })

  it('says what is wrong, with its exit codes', async () => {
    expect((await flageval()).code).toBe(2)
    expect((await flageval('run')).err).toContain('--model')
    const unknown = await flageval('run', '--model', at('a.mjs'), '--task', 'none', '--output', at('x'))
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('choose of multilingual-mini')])
    const noModel = await flageval('run', '--model', 'nowhere', '--task', 'shape-pairs', '--output', at('x'))
    expect(noModel.err).toContain('no model "nowhere"')
    const empty = await flageval(
      'run',
      '--model',
      at('none.mjs'),
      '--task',
      'shape-pairs',
      '--output',
      at('x'),
    )
    expect(empty.err).toContain('does not return an EmbeddingModel')
    expect((await flageval('validate', at('x'))).err).toContain('give a folder that flageval run wrote')
    await runOf('a')
    const metric = await flageval('compare', at('run-a'), at('run-a'), '--metric', 'IR@1')
    expect(metric.err).toContain('no shared task has the metric IR@1')
  })
})
