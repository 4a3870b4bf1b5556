import type { LanguageModel, ModelAnswer } from '../models/languageModel.ts'
import { repr } from '../python/text.ts'
import { type RecordOf, type SampleRecord, shortHash } from '../records/record.ts'
import { ask, programsNotAllowed } from '../run/ask.ts'
import type { RequestCache } from '../run/requestCache.ts'
import { pipelinesOf } from './filters.ts'
import { measure } from './measure.ts'
import { type DocRequests, type PromptTask, type RequestOptions, requestsOf } from './task.ts'

type Prompted = RecordOf<'prompted'>

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
  if (task.config.unsafe_code && !options.allowCode) throw programsNotAllowed(task.config.task)
  const documents = requestsOf(task, options)
  const { repeats } = task.config
  const answers = await ask(
    model,
    documents.flatMap(({ requests }) => requests),
    { cache, repeats, onBatch: options.onBatch },
  )
  let next = 0
  const responses = documents.map(({ requests }) => requests.map(() => answers[next++]))
  return recordsOf(task, documents, responses)
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
