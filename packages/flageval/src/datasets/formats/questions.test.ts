import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { formatSchema, loadFormat } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-questions-'))
})
afterAll(() => rm(folder, { recursive: true }))

const write = async (name: string, text: string) => {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}
const load = (options: Record<string, unknown>) => loadFormat(formatSchema.parse(options))

it('C-SEM, as a choice behind its prompt', async () => {
  const file = await write('csem.csv', '问题,选项1,选项2,选项3,选项4,答案\n甲乙,一,二,三,四,C\n')
  expect(await load({ format: 'csem', file })).toEqual({
    kind: 'choice',
    questions: [{ id: '1', prompt: '甲乙\n答案：', choices: ['一', '二', '三', '四'], gold: 2 }],
    delimiter: '',
  })
})

it('HumanEval, with the test behind each program', async () => {
  const problem = { task_id: 'H/0', prompt: 'def f():', entry_point: 'f', canonical_solution: '', test: 'T' }
  const file = await write('human.jsonl', JSON.stringify(problem))
  expect(await load({ format: 'human-eval', file, answers: 3 })).toMatchObject({
    kind: 'code',
    problems: [{ id: 'H/0', prompt: 'def f():', test: 'T\ncheck(f)\n' }],
    language: 'python',
    answers: 3,
    generation: { until: ['\nclass', '\ndef', '\n#', '\nif', '\nprint'], maxTokens: 512 },
  })
})

it('ImageEval, as prompts to draw', async () => {
  const file = await write('en.csv', 'prompt,entity\na red cube,"[cube]"\n')
  expect(await load({ format: 'image-eval', file })).toEqual({
    kind: 'prompts',
    prompts: [{ id: '1', text: 'a red cube' }],
  })
})

it('choices, by place, letter and text', async () => {
  const rows = [
    { q: 'x', list: ['a', 'b'], right: 1 },
    { q: 'y', list: ['a', 'b'], right: 'B' },
    { q: 'z', list: ['a', 'b'], right: 'a' },
  ]
  const file = await write('choices.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  const options = { format: 'choices', file, prompt: 'Q {q}:', options: 'list', answer: 'right' }
  expect(await load(options)).toMatchObject({
    questions: [
      { prompt: 'Q x:', gold: 1 },
      { prompt: 'Q y:', gold: 1 },
      { prompt: 'Q z:', gold: 0 },
    ],
  })
  await expect(load({ ...options, answer: 'q' })).rejects.toThrow('choices.jsonl: row 1: "q" is "x"')
  await expect(load({ ...options, options: 'q' })).rejects.toThrow('row 1: "q" is no list')
  await expect(load({ ...options, prompt: '{none}' })).rejects.toThrow('row 1: "none" is missing')
  const table = await write('table.csv', 'q,one,two,right\nx,a,b,two\n')
  await expect(load({ ...options, file: table, options: ['one', 'two'] })).rejects.toThrow(
    'row 1: "right" is "two"',
  )
})

it('questions, texts and continuations', async () => {
  const file = await write('rows.jsonl', '{"q": "x", "a": ["1", "one"], "n": 3}\n')
  expect(await load({ format: 'questions', file, prompt: '{q} {n}', answer: 'a' })).toEqual({
    kind: 'answer',
    questions: [{ id: '1', prompt: 'x 3', references: ['1', 'one'] }],
    generation: { until: ['\n'], maxTokens: 256, temperature: 0 },
  })
  await expect(load({ format: 'questions', file, prompt: 'x', answer: 'n' })).rejects.toThrow(
    'rows.jsonl: row 1: "n" is no text',
  )
  expect(await load({ format: 'texts', file, text: 'q' })).toEqual({
    kind: 'likelihood',
    texts: [{ id: '1', text: 'x' }],
  })
  expect(await load({ format: 'continuations', file, context: '{q}', continuation: ' {n}' })).toEqual({
    kind: 'continuation',
    samples: [{ id: '1', context: 'x', continuation: ' 3' }],
  })
  await expect(load({ format: 'texts', file: await write('none.jsonl', '') })).rejects.toThrow('no rows')
})
