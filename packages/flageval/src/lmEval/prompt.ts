import { FlagError } from '@flag/core-tensor'
import { endsWithSpace, isDigits, literalOf, startsWithSpace, str } from '../python/text.ts'
import type { Doc, FewshotConfig, TaskConfig, TaskFunction } from './config.ts'
import { render } from './template.ts'

/** The way a field of a task is written: a column's name, a template, a function or the value itself. */
type Field = string | number | readonly unknown[] | Readonly<Record<string, unknown>> | TaskFunction

/** Reads the fields of a task from documents that have these columns. */
export interface Reader {
  text(doc: Doc, field?: Field | null): unknown
  target(doc: Doc, field?: Field | null): unknown
  choices(doc: Doc, field?: Field | null): string[]
}

/** `doc_to_text`, `doc_to_target` and `doc_to_choice` of a task. */
export function readerOf(config: TaskConfig, columns: ReadonlySet<string>): Reader {
  const hasChoices = config.doc_to_choice !== undefined && config.doc_to_choice !== null
  const written = (field: string, doc: Doc) =>
    columns.has(field) ? { column: doc[field] } : { text: render(field, doc) }
  const call = (field: TaskFunction, doc: Doc) => (field as unknown as (doc: Doc) => unknown)(doc)
  return {
    text(doc, given) {
      const field = given ?? config.doc_to_text
      if (typeof field === 'function') return call(field, doc)
      if (typeof field !== 'string') return field ?? ''
      const { column, text } = written(field, doc)
      if (text === undefined) return column
      return hasChoices && isDigits(text) ? Number(text) : text
    },
    target(doc, given) {
      const field = given ?? config.doc_to_target
      if (typeof field === 'function') return call(field, doc)
      if (typeof field !== 'string') return field
      const { column, text } = written(field, doc)
      if (text === undefined) return column
      if (hasChoices && isDigits(text)) return Number(text)
      if (text.length >= 2 && text.startsWith('[') && text.endsWith(']')) {
        try {
          return literalOf(text)
        } catch {
          // As in lm-eval, what looks like a list and is none stays text.
          return text
        }
      }
      return text
    },
    choices(doc, given) {
      const list = choiceList(doc, given ?? config.doc_to_choice, (text) => written(text, doc), call)
      if (!Array.isArray(list) || list.some((choice) => typeof choice !== 'string')) {
        throw new FlagError(
          'invalid-argument',
          `task ${config.task}: doc_to_choice gives ${JSON.stringify(list)}: expected a list of texts`,
        )
      }
      return list as string[]
    },
  }
}

function choiceList(
  doc: Doc,
  field: Field | null | undefined,
  written: (field: string) => { column?: unknown; text?: string },
  call: (field: TaskFunction, doc: Doc) => unknown,
): unknown {
  if (typeof field === 'function') return call(field, doc)
  if (typeof field === 'string') {
    const { column, text } = written(field)
    return text === undefined ? column : literalOf(text)
  }
  if (Array.isArray(field)) return field.map(str)
  return field === null || field === undefined ? undefined : Object.values(field)
}

/** A text field that may name a column or be a template; empty where it is not given. */
const fieldText = (doc: Doc, field: string | null | undefined): string | undefined =>
  field ? (field in doc ? str(doc[field]) : render(field, doc)) : undefined

const joined = (prefix: string, suffix: string, delimiter: string) =>
  prefix === '' || suffix === ''
    ? prefix + suffix
    : endsWithSpace(prefix) || startsWithSpace(suffix)
      ? prefix + suffix
      : prefix + delimiter + suffix

interface Turn {
  question: unknown
  choices?: readonly string[]
  answer?: unknown
  prefix?: string
  targetDelimiter: string
  fewshotDelimiter: string
}

/** A question, and its answer where one is given, as plain text. */
function turn(
  { question, choices, answer, prefix, targetDelimiter, fewshotDelimiter }: Turn,
  task: string,
): string {
  if (typeof question !== 'string') {
    throw new FlagError(
      'invalid-argument',
      `task ${task}: doc_to_text gives ${JSON.stringify(question)}, expected text`,
    )
  }
  const answered = answer !== undefined && answer !== null && answer !== ''
  const parted = prefix ? question !== '' && !endsWithSpace(question) && !startsWithSpace(prefix) : answered
  const head = question + (parted ? targetDelimiter : '')
  if (!answered) return head + (prefix ?? '')
  const text =
    choices && typeof answer === 'number' ? choices[answer] : Array.isArray(answer) ? answer[0] : answer
  if (typeof text !== 'string') {
    throw new FlagError(
      'invalid-argument',
      `task ${task}: doc_to_target gives ${JSON.stringify(answer)} in a few-shot example, expected text or the place of a choice`,
    )
  }
  return head + joined(prefix ?? '', text, ' ') + fewshotDelimiter
}

/** The few-shot settings with what they inherit from the task. */
export function fewshotOf(config: TaskConfig): FewshotConfig {
  const {
    process_docs,
    fewshot_delimiter,
    target_delimiter,
    gen_prefix,
    doc_to_text,
    doc_to_choice,
    doc_to_target,
  } = config
  return {
    sampler: 'default',
    split: config.fewshot_split,
    process_docs,
    fewshot_delimiter,
    target_delimiter,
    gen_prefix,
    doc_to_text,
    doc_to_choice,
    doc_to_target,
    ...config.fewshot_config,
  }
}

/**
 * What a model is given before it answers: description, examples, question. Where a task's choices are its questions
 * (`doc_to_text` gives a number), one text for each choice.
 */
export function contextOf(
  config: TaskConfig,
  reader: Reader,
  doc: Doc,
  examples: readonly Doc[],
  choicesAreQuestions: boolean,
): string | string[] {
  const fewshot = fewshotOf(config)
  const description = fieldText(doc, config.description) ?? ''
  const shots = examples.map((example) => {
    const question = reader.text(example, fewshot.doc_to_text)
    const choices = fewshot.doc_to_choice ? reader.choices(example, fewshot.doc_to_choice) : undefined
    return turn(
      {
        question: choicesAreQuestions ? choices?.[question as number] : question,
        choices: choicesAreQuestions ? undefined : choices,
        answer: reader.target(example, fewshot.doc_to_target),
        prefix: fieldText(example, fewshot.gen_prefix),
        targetDelimiter: fewshot.target_delimiter ?? ' ',
        fewshotDelimiter: fewshot.fewshot_delimiter ?? '\n\n',
      },
      config.task,
    )
  })
  const before = description + shots.join('')
  const prefix = fieldText(doc, config.gen_prefix)
  const last = (question: unknown, targetDelimiter: string) =>
    before + turn({ question, prefix, targetDelimiter, fewshotDelimiter: '' }, config.task)
  if (choicesAreQuestions) return reader.choices(doc).map((choice) => last(choice, ''))
  return last(reader.text(doc), config.target_delimiter)
}
