import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError, npyBytes, Tensor, writeNpy } from '@flag/core-tensor'
import { z } from 'zod'
import { unitRows } from '../metrics/index.ts'
import type { EmbeddingModel } from '../models/embedding.ts'
import { httpClient } from '../models/http.ts'
import { isLanguageModel, type LanguageModel } from '../models/languageModel.ts'

export interface TakePartOptions {
  /** Only these tasks; default all of the server. */
  tasks?: readonly string[]
  /** The team's token, where the server asks for one. */
  token?: string
}

const taskInfo = z.looseObject({ task_names: z.array(z.string()), submit: z.string().optional() })
const metaInfo = z.looseObject({
  name: z.string().optional(),
  length: z.int().positive().optional(),
  image_number: z.int().positive().optional(),
  caption_number: z.int().positive().optional(),
  type: z.string(),
  output_dir: z.string().optional(),
})
/** The bytes of a picture, or its path on a disk that is shared with the server. */
const pictureItem = z.union([
  z.looseObject({ image: z.base64() }),
  z.looseObject({ img_path: z.string().min(1) }),
])
const textItem = z.looseObject({ caption: z.string() })
const question = z.looseObject({
  question_id: z.union([z.string(), z.int()]),
  question: z.string(),
  img_path: z.union([z.string(), z.array(z.string())]).optional(),
  type: z.string().optional(),
  options: z.array(z.string()).optional(),
  generation: z.record(z.string(), z.unknown()).optional(),
  repeats: z.int().positive().optional(),
})

type Question = z.infer<typeof question>

/**
 * The model's side of FlagEvalMM's protocol: asks a server for its tasks and questions, answers them, and hands the answers
 * in: by `POST` where the server takes that, else as `<output_dir>/<model>.json` on a disk shared with it, and then asks it
 * to evaluate. Returns what the server said of each task. Throws `unsupported` for questions with pictures.
 */
export async function takePart(
  server: string,
  model: LanguageModel | EmbeddingModel,
  { tasks, token }: TakePartOptions = {},
): Promise<Record<string, unknown>> {
  const base = server.replace(/\/$/, '')
  const client = httpClient({ headers: token ? { authorization: `Bearer ${token}` } : {} })
  const get = async <T>(path: string, query: Record<string, string>, schema: z.ZodType<T>): Promise<T> => {
    const answer = schema.safeParse(await client.get(`${base}${path}?${new URLSearchParams(query)}`))
    if (answer.success) return answer.data
    const [{ path: at, message }] = answer.error.issues
    throw new FlagError('invalid-argument', `${base}${path}: ${at.join('.')}: ${message}`)
  }
  const info = await get('/task_info', {}, taskInfo)
  const results: Record<string, unknown> = {}
  for (const task of tasks ?? info.task_names) {
    const meta = await get('/meta_info', { task }, metaInfo)
    const many = <T>(
      count: number | undefined,
      path: string,
      query: Record<string, string>,
      schema: z.ZodType<T>,
    ) =>
      Promise.all(
        Array.from({ length: count ?? 0 }, (_, index) =>
          get(path, { ...query, index: String(index) }, schema),
        ),
      )
    const isRetrieval = meta.type === 'retrieval'
    const items = (type: 'img' | 'text') => ({ task, type })
    const answers = isRetrieval
      ? await similarities(model, task, {
          pictures: await many(meta.image_number, '/get_retrieval_data', items('img'), pictureItem),
          texts: await many(meta.caption_number, '/get_retrieval_data', items('text'), textItem),
        })
      : await answersOf(model, task, await many(meta.length, '/get_data', { task }, question))
    const query = new URLSearchParams({ task, model_name: model.name })
    if (info.submit) {
      const body = answers instanceof Tensor ? Buffer.from(npyBytes(answers)).toString('base64') : answers
      results[task] = await client.post(`${base}${info.submit}?${query}`, body)
      continue
    }
    if (!meta.output_dir) throw new FlagError('invalid-argument', `${base}: ${task} names no output_dir`)
    await mkdir(meta.output_dir, { recursive: true })
    if (answers instanceof Tensor) await writeNpy(join(meta.output_dir, `${meta.name ?? task}.npy`), answers)
    else {
      const file = join(meta.output_dir, `${model.name.replaceAll('/', '_')}.json`)
      await writeFile(`${file}.tmp`, JSON.stringify(answers, null, 2))
      await rename(`${file}.tmp`, file)
    }
    results[task] = await client.get(`${base}/evaluate?${query}`)
  }
  return results
}

/** FlagEvalMM's matrix of a retrieval task: the cosine of every picture `[pictures, texts]` with every text. */
async function similarities(
  model: LanguageModel | EmbeddingModel,
  task: string,
  { pictures, texts }: { pictures: z.infer<typeof pictureItem>[]; texts: z.infer<typeof textItem>[] },
): Promise<Tensor<'float32'>> {
  if (!('encodeText' in model && 'encodeImage' in model))
    throw new FlagError('unsupported', `task ${task}: ${model.name} gives no vectors`)
  const inputs = pictures.map((it) =>
    typeof it.image === 'string' ? Buffer.from(it.image, 'base64') : String(it.img_path),
  )
  const [x, y] = [
    unitRows(await model.encodeImage(inputs)),
    unitRows(await model.encodeText(texts.map(({ caption }) => caption))),
  ]
  const [[rows, width], [columns]] = [x.shape, y.shape]
  const data = new Float32Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < width; k++) data[i * columns + j] += x.data[i * width + k] * y.data[j * width + k]
  return new Tensor('float32', [rows, columns], data)
}

async function answersOf(
  model: LanguageModel | EmbeddingModel,
  task: string,
  questions: readonly Question[],
) {
  if (!isLanguageModel(model))
    throw new FlagError('unsupported', `task ${task} asks in words, ${model.name} gives vectors`)
  const pictured = questions.find(({ img_path }) => img_path !== undefined && img_path.length > 0)
  if (pictured) {
    throw new FlagError(
      'unsupported',
      `task ${task}: question ${pictured.question_id} has pictures, ${model.name} takes texts`,
    )
  }
  if (questions[0]?.type === 'loglikelihood_rolling') {
    if (!model.scoreTexts) throw new FlagError('unsupported', `${model.name} scores no texts`)
    const sums = await model.scoreTexts(questions.map((it) => it.question))
    return questions.map(({ question_id }, i) => ({ question_id, answer: sums[i] }))
  }
  const choices = questions.filter(({ options }) => options !== undefined)
  if (choices.length > 0) {
    if (!model.scoreContinuations)
      throw new FlagError('unsupported', `${model.name} gives no log-probabilities`)
    const pairs = choices.flatMap((it) =>
      (it.options ?? []).map((continuation) => ({ context: it.question, continuation })),
    )
    const scores = await model.scoreContinuations(pairs)
    if (questions[0].type === 'loglikelihood')
      return choices.map(({ question_id }, i) => ({ question_id, answer: scores[i] }))
    let next = 0
    return choices.map((it) => ({
      question_id: it.question_id,
      answer: (it.options ?? []).map(() => scores[next++].logLikelihood),
    }))
  }
  if (!model.generate) throw new FlagError('unsupported', `${model.name} does not generate`)
  const requests = questions.flatMap(({ question: prompt, generation = {}, repeats = 1 }) =>
    Array.from({ length: repeats }, (_, repeat) => {
      const { until, temperature, max_gen_toks, ...options } = generation
      return {
        prompt,
        until: [until ?? []].flat() as string[],
        maxTokens: Number(max_gen_toks ?? 256),
        temperature: Number(temperature ?? 0),
        repeat,
        options,
      }
    }),
  )
  const texts = await model.generate(requests)
  let next = 0
  return questions.map(({ question_id, repeats = 1 }) => {
    const own = texts.slice(next, next + repeats)
    next += repeats
    return { question_id, answer: repeats === 1 ? own[0] : own }
  })
}
