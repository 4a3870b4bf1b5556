import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from '../models/model.ts'
import { runProgram } from './program.ts'

const tasks = fileURLToPath(new URL('../../goldens/lmEval/tasks/', import.meta.url))
const goldens = JSON.parse(
  await readFile(fileURLToPath(new URL('../../goldens/lmEval/results.json', import.meta.url)), 'utf8'),
)

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-language-'))
  const hash = new URL('../lmEval/testing/hashModel.ts', import.meta.url).href
  await writeFile(at('hash.mjs'), `import { hashModel } from '${hash}'\nexport default () => hashModel`)
  await writeFile(
    at('other.mjs'),
    `import { hashModel } from '${hash}'
export default () => ({
  ...hashModel,
  name: 'other',
  fingerprint: 'other',
  scoreContinuations: (pairs) =>
    hashModel.scoreContinuations(pairs.map(({ context, continuation }) => ({ context: context + '!', continuation }))),
})`,
  )
})
afterAll(() => rm(folder, { recursive: true }))

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

const runOf = (model: string, output: string, ...more: string[]) =>
  flageval('run', '--model', at(model), '--output', at(output), '--cache', at('cache'), ...more)

describe('flageval with language models', () => {
  it('runs a group, validates it, exports it as lm-eval writes it and compares it', async () => {
    const task = join(tasks, 'group_inner.yaml')
    const { code, out } = await runOf('hash.mjs', 'run', '--task', task)
    expect(code).toBe(0)
    expect(out).toMatch(/^task\s+metric,filter\s+score \[95 %\]\s+chance\s+samples\nmc_table\s+acc,none/)
    expect((await flageval('validate', at('run'))).code).toBe(0)
    await flageval(
      'export',
      at('run'),
      '--as',
      'lm-eval',
      '--output',
      at('lm.json'),
      '--samples',
      '--bootstrap',
      '100',
    )
    const written = JSON.parse(await readFile(at('lm.json'), 'utf8'))
    const { groups, versions } = goldens.runs.group_all
    expect(written.groups.group_inner['acc,none']).toBeCloseTo(groups.group_inner['acc,none'], 12)
    expect(written.versions.group_inner).toBe(versions.group_inner)
    expect(written.samples.mc_table.length).toBe(12)
    await runOf('other.mjs', 'other', '--task', task)
    const compared = await flageval('compare', at('run'), at('other'), '--json')
    const { rows } = JSON.parse(compared.out)
    expect(rows.map(({ task }: { task: string }) => task)).toEqual(['mc_table', 'group_inner::made_here'])
    const flag = JSON.parse((await flageval('export', at('run'), '--as', 'flageval')).out)
    expect(Object.keys(flag)).toEqual(['model_info', 'mc_table', 'group_inner::made_here'])
    const lines = (await flageval('export', at('run'), '--as', 'clip-benchmark')).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).dataset)).toEqual(['mc_table', 'group_inner::made_here'])
  })

  it('takes limits and numbers of examples', async () => {
    const { out } = await runOf(
      ...(['hash.mjs', 'limited', '--task', join(tasks, 'mc_letters.yaml')] as const),
      ...['--limit', '5', '--fewshot', '1', '--seed', '7', '--json'],
    )
    const { run, results } = JSON.parse(out)
    expect(run.prompted[0]).toMatchObject({ limit: 5, fewshot: 1, seed: 7 })
    expect(results[0].scores[0].samples).toBe(5)
  })

  it('runs perturbed documents and shows calibration', async () => {
    const args = ['--task', join(tasks, 'mc_letters.yaml'), '--perturb', 'mild-mix']
    const { code, out } = await runOf('hash.mjs', 'typed', ...args, '--perturb-columns', 'question')
    expect(code).toBe(0)
    expect(out).toMatch(/^mc_letters, perturbed by mild-mix\s+acc,none/m)
    expect(out).toMatch(/^mc_letters \* perturbed by mild-mix acc,none/m)
    expect(out).toMatch(/^calibration of mc_letters: expected error \d+\.\d \(10 bins\)/m)
    const { results } = JSON.parse(await readFile(join(at('typed'), 'results.json'), 'utf8'))
    const [plain, typed] = results
    expect(typed.differences[0]).toMatchObject({ metric: 'acc,none', first: plain.scores[0].value })
    const samples = (await readFile(join(at('typed'), 'samples.jsonl'), 'utf8')).trim().split('\n')
    const prompts = samples.map((line) => JSON.parse(line).prompt)
    const end = prompts.indexOf(undefined)
    expect(prompts.slice(end + 1, -1)).not.toEqual(prompts.slice(0, end))
    expect(typed.calibration.error1Bin).toBeLessThanOrEqual(typed.calibration.error10Bins)
    expect((await flageval('validate', at('typed'))).code).toBe(0)
    const exported = JSON.parse((await flageval('export', at('typed'), '--as', 'lm-eval')).out)
    expect(exported.results.mc_letters['acc,none']).toBe(plain.scores[0].value)
    expect((await runOf('hash.mjs', 'x', ...args)).err).toContain('--perturb-columns question')
    const none = await runOf('hash.mjs', 'none', ...args, '--perturb-columns', 'title')
    expect(none).toMatchObject({ code: 1, out: expect.stringContaining('no text in the columns title') })
  })

  it('answers only with a model that generates', async () => {
    await writeFile(
      at('mute.mjs'),
      `export default () => ({ name: 'mute', fingerprint: 'm', scoreTexts: async () => [], dispose: async () => {} })`,
    )
    const { code, err } = await flageval('answer', '--model', at('mute.mjs'), '--port', '0')
    expect([code, err]).toEqual([1, 'flageval: mute does not generate\n'])
    expect((await flageval('answer', '--help')).out).toContain('flageval answer --model')
  })

  it('says which file, key and line is wrong', async () => {
    const bad = async (text: string) => {
      await writeFile(at('bad.yaml'), text)
      return (await runOf('hash.mjs', 'bad', '--task', at('bad.yaml'))).err.replaceAll(`${folder}/`, '')
    }
    const data = 'dataset_path: json\ndataset_kwargs:\n  data_files: {test: bad.jsonl}\ntest_split: test\n'
    await writeFile(at('bad.jsonl'), '{"q": "one", "a": 1}\n')
    expect(await bad('task: t\noutput_tipe: x\n')).toContain('bad.yaml:2: output_tipe: no such key')
    expect(await bad('task: t\noutput_type: guess\n')).toContain('bad.yaml:2: output_type: Invalid option')
    expect(await bad('task: t\nmetric_list:\n  - aggregation: mean\n')).toContain(
      'bad.yaml:3: metric_list.0.metric',
    )
    expect(await bad('task: t\ndoc_to_text: !function none.f\n')).toContain(
      'bad.yaml:2: doc_to_text: no module',
    )
    expect(await bad('task: t\ninclude: none.yaml\n')).toContain('bad.yaml:2: include: no such file')
    expect(await bad('task: t\nbad: [1, 2\n')).toContain('bad.yaml:3')
    expect(await bad('task: t\nuse_prompt: x\n')).toContain('bad.yaml:2: use_prompt: not supported')
    expect(await bad('task: t\ndataset_path: openai/gsm8k\ntest_split: test\n')).toContain(
      '--data openai/gsm8k=<folder>',
    )
    expect(await bad(data.replace('bad.jsonl', 'none.jsonl').concat('task: t\n'))).toContain(
      'bad.yaml:3: dataset_kwargs.data_files',
    )
    expect(await bad(data.replace('test_split: test', 'test_split: dev').concat('task: t\n'))).toContain(
      'bad.yaml:4: test_split: no split "dev", the data has test',
    )
    const template = await runOf('hash.mjs', 'template', '--task', await badTemplate(data))
    expect([template.code, template.out]).toEqual([1, expect.stringContaining('"nothing" is undefined')])
  })

  const badTemplate = async (data: string) => {
    await writeFile(
      at('template.yaml'),
      `${data}task: template\ndoc_to_text: "{{nothing}}"\ndoc_to_target: a\n`,
    )
    return at('template.yaml')
  }

  it('adds teams, whose tokens it shows once', async () => {
    const { code, out } = await flageval('team', 'lions', '--database', at('board.db'), '--quota', '3')
    expect([code, out.trim().length]).toEqual([0, 32])
    expect((await flageval('team', 'lions', '--database', at('board.db'))).err).toContain(
      'there is a team "lions" already',
    )
    expect((await flageval('team', 'x', '--database', at('board.db'), '--quota', 'few')).err).toContain(
      '--quota is "few"',
    )
  })
})
