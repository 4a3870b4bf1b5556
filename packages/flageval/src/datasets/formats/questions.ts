import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type {
  AnswerData,
  ChoiceData,
  CodeData,
  ContinuationData,
  Generation,
  LikelihoodData,
  PromptsData,
} from '../dataset.ts'
import { type Row, readDocuments } from './tables.ts'
import { readCsem, readHumanEval, readImageEval } from './texts.ts'

const path = z.string().min(1)
const generation = {
  until: z.array(z.string()).default(['\n']),
  max_tokens: z.int().positive().default(256),
  temperature: z.number().nonnegative().default(0),
}

/** Where HumanEval's completions end, as its authors cut them. */
const FUNCTION_ENDS = ['\nclass', '\ndef', '\n#', '\nif', '\nprint']

/** What a task says about questions in files. `{column}` in a prompt is replaced by what the column holds. */
export const questionFormats = [
  z.strictObject({
    format: z.literal('csem'),
    file: path,
    prompt: z.string().default('{question}\n答案：'),
    delimiter: z.string().default(''),
  }),
  z.strictObject({
    format: z.literal('human-eval'),
    file: path,
    language: z.enum(['python', 'javascript']).default('python'),
    answers: z.int().positive().default(1),
    until: z.array(z.string()).default(FUNCTION_ENDS),
    max_tokens: z.int().positive().default(512),
    temperature: z.number().nonnegative().default(0),
  }),
  z.strictObject({ format: z.literal('image-eval'), file: path }),
  z.strictObject({
    format: z.literal('choices'),
    file: path,
    prompt: z.string(),
    /** The column of the list of choices, or the columns that hold one each. */
    options: z.union([z.string(), z.array(z.string()).min(2)]),
    /** The column that says which is right: its place from 0, its letter or the choice itself. */
    answer: z.string(),
    delimiter: z.string().default(' '),
  }),
  z.strictObject({
    format: z.literal('questions'),
    file: path,
    prompt: z.string(),
    /** The column of what is right: a text or a list of texts. */
    answer: z.string(),
    ...generation,
  }),
  z.strictObject({ format: z.literal('texts'), file: path, text: z.string().default('text') }),
  z.strictObject({
    format: z.literal('continuations'),
    file: path,
    context: z.string(),
    continuation: z.string(),
  }),
] as const

export type QuestionFormat = z.infer<(typeof questionFormats)[number]>
type Of<F extends QuestionFormat['format']> = Extract<QuestionFormat, { format: F }>

const generationOf = (it: { until: string[]; max_tokens: number; temperature: number }): Generation => ({
  until: it.until,
  maxTokens: it.max_tokens,
  temperature: it.temperature,
})

/** Loads questions. Throws `not-found`, and `corrupt-file` with file and row. */
export async function loadQuestions(
  it: QuestionFormat,
): Promise<ChoiceData | AnswerData | LikelihoodData | ContinuationData | CodeData | PromptsData> {
  switch (it.format) {
    case 'csem':
      return csem(it)
    case 'human-eval':
      return humanEval(it)
    case 'image-eval':
      return imageEval(it.file)
    case 'choices':
      return choices(it)
    case 'questions':
      return questions(it)
    case 'texts': {
      const texts = await mapRows(it.file, (row, id, fail) => ({ id, text: textOf(row, it.text, fail) }))
      return { kind: 'likelihood', texts }
    }
    case 'continuations': {
      const samples = await mapRows(it.file, (row, id, fail) => ({
        id,
        context: filled(it.context, row, fail),
        continuation: filled(it.continuation, row, fail),
      }))
      return { kind: 'continuation', samples }
    }
  }
}

function csem({ file, prompt, delimiter }: Of<'csem'>): ChoiceData {
  const questions = readCsem(file).map(({ question, choices: own, gold }, i) => ({
    id: `${i + 1}`,
    prompt: prompt.replaceAll('{question}', question),
    choices: own,
    gold,
  }))
  return { kind: 'choice', questions, delimiter }
}

function humanEval({ file, language, answers, ...rest }: Of<'human-eval'>): CodeData {
  const problems = readHumanEval(file).map(({ task_id, prompt, test, entry_point }) => ({
    id: task_id,
    prompt,
    test: `${test}\ncheck(${entry_point})\n`,
  }))
  return { kind: 'code', problems, language, generation: generationOf(rest), answers }
}

/** The column of the prompts is the first of ImageEval's tables, in English and in Chinese. */
function imageEval(file: string): PromptsData {
  const rows = readImageEval(file)
  const [column] = Object.keys(rows[0] ?? {})
  const prompts = rows.map((row, i) => ({ id: `${i + 1}`, text: row[column] }))
  return { kind: 'prompts', prompts }
}

async function choices({ file, prompt, options, answer, delimiter }: Of<'choices'>): Promise<ChoiceData> {
  const questions = await mapRows(file, (row, id, fail) => {
    const list = Array.isArray(options) ? options.map((name) => textOf(row, name, fail)) : row[options]
    if (!Array.isArray(list) || list.length < 2 || list.some((choice) => typeof choice !== 'string'))
      throw fail(`"${options}" is no list of two or more texts`)
    const right = row[answer]
    const letter = typeof right === 'string' && /^[A-Z]$/.test(right) ? right.charCodeAt(0) - 65 : -1
    const gold = typeof right === 'number' ? right : list.includes(right) ? list.indexOf(right) : letter
    if (!(Number.isInteger(gold) && gold >= 0 && gold < list.length))
      throw fail(`"${answer}" is ${JSON.stringify(right)}, expected a place, a letter or one of the choices`)
    return { id, prompt: filled(prompt, row, fail), choices: list as string[], gold }
  })
  return { kind: 'choice', questions, delimiter }
}

async function questions({ file, prompt, answer, ...rest }: Of<'questions'>): Promise<AnswerData> {
  const list = await mapRows(file, (row, id, fail) => {
    const references = [row[answer]].flat()
    if (references.length === 0 || references.some((it) => typeof it !== 'string'))
      throw fail(`"${answer}" is no text and no list of texts`)
    return { id, prompt: filled(prompt, row, fail), references: references as string[] }
  })
  return { kind: 'answer', questions: list, generation: generationOf(rest) }
}

type Fail = (problem: string) => FlagError

async function mapRows<T>(file: string, read: (row: Row, id: string, fail: Fail) => T): Promise<T[]> {
  const rows = await readDocuments(file)
  if (rows.length === 0) throw new FlagError('corrupt-file', `${file}: no rows`)
  return rows.map((row, i) =>
    read(row, `${i + 1}`, (problem) => new FlagError('corrupt-file', `${file}: row ${i + 1}: ${problem}`)),
  )
}

function textOf(row: Row, column: string, fail: Fail): string {
  const value = row[column]
  if (typeof value === 'string' && value !== '') return value
  throw fail(`"${column}" is ${JSON.stringify(value) ?? 'missing'}, expected a text`)
}

const filled = (template: string, row: Row, fail: Fail): string =>
  template.replace(/\{(\w+)\}/g, (_, column: string) =>
    typeof row[column] === 'number' ? String(row[column]) : textOf(row, column, fail),
  )
