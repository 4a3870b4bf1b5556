import { FlagError } from '@flag/core-tensor'
import type { GenerationRequest, LanguageModel, ModelAnswer, ModelRequest } from '../models/languageModel.ts'
import { type RequestCache, requestKeyOf } from './requestCache.ts'

/** Requests that go to a model together, and whose answers are kept or lost together. */
const BATCH = 64

/** One request with its place among the repeats. */
interface Asked {
  readonly request: ModelRequest
  readonly repeat: number
  readonly key: string
}

export interface AskOptions {
  readonly cache: RequestCache
  /** Answers to each request. A likelihood does not change from one to the next and is asked once. Default 1. */
  readonly repeats?: number
  readonly onBatch?: (done: number, total: number) => void
}

/**
 * The answers of a model to requests of one kind, once for each repeat. What the cache has is not asked. Throws
 * `unsupported` where the model cannot do it, `invalid-argument` for an answer that is none.
 */
export async function ask(
  model: LanguageModel,
  requests: readonly ModelRequest[],
  { cache, repeats = 1, onBatch = () => {} }: AskOptions,
): Promise<ModelAnswer[][]> {
  const asked = requests.map((request) =>
    Array.from({ length: repeats }, (_, repeat): Asked => {
      const which = request.kind === 'generate' ? repeat : 0
      return { request, repeat: which, key: requestKeyOf([request, which]) }
    }),
  )
  const missing = new Map(asked.flat().flatMap((it) => (cache.has(it.key) ? [] : [[it.key, it] as const])))
  const list = [...missing.values()]
  for (let start = 0; start < list.length; start += BATCH) {
    const batch = list.slice(start, start + BATCH)
    const answers = await answersOf(model, batch)
    await cache.put(batch.map(({ key }, i) => [key, answers[i]]))
    onBatch(start + batch.length, list.length)
  }
  return asked.map((own) => own.map(({ key }) => cache.get(key) as ModelAnswer))
}

/** Why a task that runs programs does not run. */
export const programsNotAllowed = (task: string) =>
  new FlagError('unsupported', `task ${task} runs programs that the model writes`, {
    hint: 'allow it with --allow-code',
  })

const cannot = (model: LanguageModel, what: string) =>
  new FlagError('unsupported', `${model.name} gives no ${what}, which this task needs`, {
    hint:
      what === 'text'
        ? 'give a model that generates'
        : 'chat endpoints have none: give a completions endpoint with logprobs and echo, or a task with output_type generate_until',
  })

async function answersOf(model: LanguageModel, batch: readonly Asked[]): Promise<ModelAnswer[]> {
  const answers = await answersOfKind(model, batch)
  if (answers.length !== batch.length) {
    throw new FlagError(
      'invalid-argument',
      `${model.name} gave ${answers.length} answers to ${batch.length} requests`,
    )
  }
  const odd = answers.findIndex(
    (answer) => !Number.isFinite(Array.isArray(answer) ? answer[0] : answer) && typeof answer !== 'string',
  )
  if (odd !== -1) {
    throw new FlagError(
      'invalid-argument',
      `${model.name} gave ${JSON.stringify(answers[odd])} as a log-probability`,
    )
  }
  return answers
}

async function answersOfKind(model: LanguageModel, batch: readonly Asked[]): Promise<ModelAnswer[]> {
  const { kind } = batch[0].request
  if (kind === 'loglikelihood') {
    if (!model.scoreContinuations) throw cannot(model, 'log-probabilities')
    const pairs = batch.map(({ request }) => request as Extract<ModelRequest, { kind: 'loglikelihood' }>)
    const scores = await model.scoreContinuations(pairs)
    return scores.map(({ logLikelihood, greedy }) => [logLikelihood, greedy] as const)
  }
  if (kind === 'rolling') {
    if (!model.scoreTexts) throw cannot(model, 'log-probabilities of texts')
    return model.scoreTexts(batch.map(({ request }) => (request as { text: string }).text))
  }
  if (!model.generate) throw cannot(model, 'text')
  return model.generate(batch.map(generationOf))
}

function generationOf({ request, repeat }: Asked): GenerationRequest {
  const { prompt, options } = request as Extract<ModelRequest, { kind: 'generate' }>
  const {
    until,
    temperature,
    max_gen_toks,
    max_new_tokens,
    max_tokens,
    max_completion_tokens,
    do_sample,
    ...rest
  } = options
  return {
    prompt,
    until: [until ?? []].flat() as string[],
    maxTokens: Number(max_gen_toks ?? max_new_tokens ?? max_tokens ?? max_completion_tokens ?? 256),
    temperature: do_sample === false ? 0 : Number(temperature ?? 0),
    repeat,
    options: rest,
  }
}
