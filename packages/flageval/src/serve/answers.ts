import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import {
  type DocRequests,
  describeTask,
  type PromptedInfo,
  type PromptTask,
  recordsOf,
  requestsOf,
} from '../lmEval/index.ts'
import { promptedMetrics } from '../lmEval/results.ts'
import type { ModelAnswer } from '../models/languageModel.ts'
import type { RecordOf } from '../records/record.ts'
import { programsNotAllowed } from '../run/ask.ts'
import { score } from '../score/score.ts'

/** One answer as FlagEvalMM's adapters write them; keys besides these are let through. */
const answerLine = z.looseObject({
  question_id: z.union([z.string(), z.int()]),
  answer: z.union([
    z.string(),
    z.array(z.string()).min(1),
    z.array(z.number()).min(1),
    z.number(),
    z.object({ logLikelihood: z.number(), greedy: z.boolean() }),
  ]),
})

/** A task that a server has answers handed in to. */
export interface ServedTask {
  readonly name: string
  /** What `/meta_info` says. */
  readonly meta: Readonly<Record<string, unknown>>
  /** What `/get_data` says of a question; undefined where there is none. */
  question?(index: number): unknown
  /** What `/get_retrieval_data` says; undefined where there is none. */
  item?(type: 'img' | 'text', index: number): Promise<unknown> | undefined
  /** What was handed in, made ready. Throws `invalid-argument` saying what is wrong with it. */
  check(body: unknown): unknown
  /** The scores of what `check` gave. */
  score(checked: never): Promise<unknown>
}

/** What a model is asked of a document, without what is right. */
export interface Question {
  readonly question_id: string
  readonly question: string
  readonly img_path: readonly string[]
  readonly type: PromptTask['config']['output_type']
  /** The choices of a multiple-choice question, or the end of a text, to be scored one by one after it. */
  readonly options?: readonly string[]
  /** What ends an answer, and how long it may be. */
  readonly generation?: unknown
  readonly repeats: number
}

/** A task in lm-eval's dialect that a server scores answers to. */
export class ScoredTask implements ServedTask {
  readonly name: string
  readonly #task: PromptTask
  readonly #info: PromptedInfo
  readonly #documents: readonly DocRequests[]
  readonly #questions: readonly Question[]
  readonly #byId: ReadonlyMap<string, Question>

  /** Throws `unsupported` for tasks of programs, unless those may be run. */
  constructor(task: PromptTask, { allowCode = false }: { allowCode?: boolean } = {}) {
    const { config } = task
    const { output_type: type } = config
    if (config.unsafe_code && !allowCode) throw programsNotAllowed(config.task)
    this.name = config.task
    this.#task = task
    this.#info = describeTask(task, {})
    this.#documents = requestsOf(task)
    this.#questions = this.#documents.map(({ index, requests }): Question => {
      const [first] = requests
      const base = { question_id: String(index), img_path: [], type, repeats: config.repeats }
      if (first.kind === 'generate') return { ...base, question: first.prompt, generation: first.options }
      if (first.kind === 'rolling') return { ...base, question: first.text }
      const pairs = requests.flatMap((it) => (it.kind === 'loglikelihood' ? [it] : []))
      if (pairs.some(({ context }) => context !== pairs[0].context)) {
        throw new FlagError('unsupported', `task ${config.task}: its choices follow different texts`)
      }
      return { ...base, question: pairs[0].context, options: pairs.map(({ continuation }) => continuation) }
    })
    this.#byId = new Map(this.#questions.map((it) => [it.question_id, it]))
  }

  get meta() {
    return { name: this.name, length: this.#questions.length, type: 'vqa' }
  }

  question(index: number): Question | undefined {
    return this.#questions[index]
  }

  /** The answers in the order of the documents. Throws `invalid-argument` saying which answer is wrong and how. */
  check(body: unknown): ModelAnswer[][][] {
    if (!Array.isArray(body))
      throw new FlagError('invalid-argument', 'expected a list of {question_id, answer}')
    const byId = new Map<string, ModelAnswer[][]>()
    body.forEach((line, i) => {
      const place = `answer ${i + 1} of ${body.length}`
      const read = answerLine.safeParse(line)
      if (!read.success) {
        const [{ path, message }] = read.error.issues
        throw new FlagError('invalid-argument', `${place}: ${path.join('.') || 'it'}: ${message}`)
      }
      const id = String(read.data.question_id)
      const question = this.#byId.get(id)
      if (!question) throw new FlagError('invalid-argument', `${place}: ${this.name} has no question "${id}"`)
      if (byId.has(id))
        throw new FlagError('invalid-argument', `${place}: question "${id}" is answered twice`)
      byId.set(id, answersTo(question, read.data.answer, place))
    })
    const missing = this.#questions.filter(({ question_id }) => !byId.has(question_id))
    if (missing.length > 0) {
      const names = missing.slice(0, 3).map(({ question_id }) => `"${question_id}"`)
      throw new FlagError(
        'invalid-argument',
        `${missing.length} of ${this.#questions.length} questions have no answer: ${names.join(', ')}${missing.length > 3 ? ' …' : ''}`,
      )
    }
    return this.#questions.map(({ question_id }) => byId.get(question_id) as ModelAnswer[][])
  }

  /** The scores of answers that were checked. */
  async score(answers: readonly (readonly (readonly ModelAnswer[])[])[]): Promise<unknown> {
    const records = (await recordsOf(this.#task, this.#documents, answers)) as RecordOf<'prompted'>[]
    return promptedMetrics(this.#info, records).map(([name, metric]) => score(records, name, metric as never))
  }
}

/** An answer as what a model gives to each request: texts, one for each repeat, or a score for each choice. */
function answersTo({ type, repeats, options }: Question, answer: unknown, place: string): ModelAnswer[][] {
  const repeated = (own: ModelAnswer) => Array.from({ length: repeats }, () => own)
  const wrong = (what: string) => new FlagError('invalid-argument', `${place}: expected ${what}`)
  if (type === 'loglikelihood_rolling') {
    if (isLogProbability(answer)) return [repeated(answer)]
    throw wrong('a number, the log-probability of the text: 0 or less')
  }
  if (type === 'loglikelihood') {
    const { logLikelihood, greedy } = (answer ?? {}) as { logLikelihood?: unknown; greedy?: boolean }
    if (isLogProbability(logLikelihood)) return [repeated([logLikelihood, greedy === true])]
    throw wrong('{logLikelihood, greedy}, of which the first is 0 or less')
  }
  const list = [answer].flat() as unknown[]
  if (type === 'generate_until') {
    if (list.length === repeats && list.every((it) => typeof it === 'string')) return [list as string[]]
    throw wrong(repeats === 1 ? 'a text' : `${repeats} texts`)
  }
  const count = options?.length ?? 0
  if (list.length === count && list.every((it) => typeof it === 'number'))
    return (list as number[]).map((sum) => repeated([sum, false]))
  throw wrong(`${count} numbers, the log-probability of each option`)
}

/** A sum of logarithms of probabilities is not above 0. */
const isLogProbability = (value: unknown): value is number => typeof value === 'number' && value <= 0
