import { FlagError } from '@flag/core-tensor'
import type { GenerationRequest, LanguageModel } from '../models/languageModel.ts'
import { repr } from '../python/text.ts'
import { type RecordOf, type SampleRecord, shortHash } from '../records/record.ts'
import { type RequestCache, requestKeyOf } from '../run/requestCache.ts'
import { pipelinesOf } from './filters.ts'
import { type ModelAnswer, measure } from './measure.ts'
import {
  type DocRequests,
  type ModelRequest,
  type PromptTask,
  type RequestOptions,
  requestsOf,
} from './task.ts'

/** Requests that go to a model together, and whose answers are kept or lost together. */
const BATCH = 64

type Prompted = RecordOf<'prompted'>

/** One request with its place among the repeats. */
interface Asked {
  readonly request: ModelRequest
  readonly repeat: number
  readonly key: string
}

/**
 * Asks a model everything that a task asks and measures the answers: one record for each document. What the cache has is
 * not asked. Throws `unsupported` where the model cannot do what the task needs.
 */
export async function runTask(
  model: LanguageModel,
  task: PromptTask,
  cache: RequestCache,
  options: RequestOptions & { onBatch?: (done: number, total: number) => void } = {},
): Promise<SampleRecord[]> {
  if (task.config.unsafe_code && !options.allowCode) {
    throw new FlagError('unsupported', `task ${task.config.task} runs programs that the model writes`, {
      hint: 'allow it with --allow-code',
    })
  }
  const documents = requestsOf(task, options)
  const { repeats } = task.config
  const asked = documents.flatMap(({ requests }) =>
    requests.flatMap((request) =>
      Array.from({ length: repeats }, (_, repeat): Asked => {
        // A likelihood does not change from one repeat to the next.
        const which = request.kind === 'generate' ? repeat : 0
        return { request, repeat: which, key: requestKeyOf([request, which]) }
      }),
    ),
  )
  await askMissing(model, asked, cache, options.onBatch)
  let next = 0
  const responses = documents.map(({ requests }) =>
    requests.map(() => Array.from({ length: repeats }, () => cache.get(asked[next++].key) as ModelAnswer)),
  )
  return recordsOf(task, documents, responses)
}

async function askMissing(
  model: LanguageModel,
  asked: readonly Asked[],
  cache: RequestCache,
  onBatch: (done: number, total: number) => void = () => {},
): Promise<void> {
  const missing = new Map(asked.filter(({ key }) => !cache.has(key)).map((it) => [it.key, it]))
  const list = [...missing.values()]
  for (let start = 0; start < list.length; start += BATCH) {
    const batch = list.slice(start, start + BATCH)
    const answers = await answersOf(model, batch)
    await cache.put(batch.map(({ key }, i) => [key, answers[i]]))
    onBatch(start + batch.length, list.length)
  }
}

const cannot = (model: LanguageModel, what: string) =>
  new FlagError('unsupported', `${model.name} gives no ${what}, which this task needs`, {
    hint:
      what === 'text'
        ? 'give a model that generates'
        : 'chat endpoints have none: give a completions endpoint with logprobs and echo, or a task with output_type generate_until',
  })

/** The batch has requests of one kind: those of one task. */
async function answersOf(model: LanguageModel, batch: readonly Asked[]): Promise<ModelAnswer[]> {
  const { kind } = batch[0].request
  const answers = await (async (): Promise<ModelAnswer[]> => {
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
  })()
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

/** The records of a task from its answers: filters, then metrics. */
export async function recordsOf(
  task: PromptTask,
  documents: readonly DocRequests[],
  responses: readonly (readonly (readonly ModelAnswer[])[])[],
): Promise<SampleRecord[]> {
  const flat = responses.flat()
  const docs = documents.flatMap(({ doc, requests }) => requests.map(() => doc))
  const records = documents.map((it, i) => recordOf(task, it, responses[i]))
  for (const { name, apply } of pipelinesOf(task.config)) {
    const filtered = apply(flat, docs)
    let at = 0
    for (const [i, { doc, requests }] of documents.entries()) {
      const answers = filtered.slice(at, at + requests.length)
      at += requests.length
      records[i].filtered[name] = answers as Prompted['filtered'][string]
      for (const [metric, part] of Object.entries(await measure(task, doc, answers)))
        records[i].measured[`${metric},${name}`] = part as Prompted['measured'][string]
    }
  }
  return records
}

function recordOf(
  task: PromptTask,
  { index, doc, requests }: DocRequests,
  responses: readonly (readonly ModelAnswer[])[],
): Prompted {
  const contexts = requests.map((request) =>
    request.kind === 'loglikelihood' ? request.context : request.kind === 'generate' ? request.prompt : '',
  )
  const target = task.reader.target(doc)
  const { output_type: output } = task.config
  return {
    kind: 'prompted',
    sample: String(index),
    document: shortHash(repr(doc)),
    request: shortHash(requests),
    output,
    prompt: contexts[0],
    continuations: requests.flatMap((request) =>
      request.kind === 'loglikelihood'
        ? [request.continuation]
        : request.kind === 'rolling'
          ? [request.text]
          : [],
    ),
    ...(contexts.some((context) => context !== contexts[0]) && { contexts }),
    ...(output === 'multiple_choice' && { choices: task.reader.choices(doc).length }),
    target: target as Prompted['target'],
    responses: responses as Prompted['responses'],
    filtered: {},
    measured: {},
  }
}
