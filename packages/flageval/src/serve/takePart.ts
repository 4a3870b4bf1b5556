import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { httpClient } from '../models/http.ts'
import type { LanguageModel } from '../models/languageModel.ts'

export interface TakePartOptions {
  /** Only these tasks; default all of the server. */
  tasks?: readonly string[]
  /** The team's token, where the server asks for one. */
  token?: string
}

const taskInfo = z.looseObject({ task_names: z.array(z.string()), submit: z.string().optional() })
const metaInfo = z.looseObject({
  length: z.int().positive(),
  type: z.string(),
  output_dir: z.string().optional(),
})
const question = z.looseObject({
  question_id: z.union([z.string(), z.int()]),
  question: z.string(),
  img_path: z.union([z.string(), z.array(z.string())]).optional(),
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
  model: LanguageModel,
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
    const questions = await Promise.all(
      Array.from({ length: meta.length }, (_, index) =>
        get('/get_data', { task, index: String(index) }, question),
      ),
    )
    const answers = await answersOf(model, task, questions)
    const query = new URLSearchParams({ task, model_name: model.name })
    if (info.submit) {
      results[task] = await client.post(`${base}${info.submit}?${query}`, answers)
      continue
    }
    if (!meta.output_dir) throw new FlagError('invalid-argument', `${base}: ${task} names no output_dir`)
    await mkdir(meta.output_dir, { recursive: true })
    const file = join(meta.output_dir, `${model.name.replaceAll('/', '_')}.json`)
    await writeFile(`${file}.tmp`, JSON.stringify(answers, null, 2))
    await rename(`${file}.tmp`, file)
    results[task] = await client.get(`${base}/evaluate?${query}`)
  }
  return results
}

async function answersOf(model: LanguageModel, task: string, questions: readonly Question[]) {
  const pictured = questions.find(({ img_path }) => img_path !== undefined && img_path.length > 0)
  if (pictured) {
    throw new FlagError(
      'unsupported',
      `task ${task}: question ${pictured.question_id} has pictures, ${model.name} takes texts`,
    )
  }
  const choices = questions.filter(({ options }) => options !== undefined)
  if (choices.length > 0) {
    if (!model.scoreContinuations)
      throw new FlagError('unsupported', `${model.name} gives no log-probabilities`)
    const pairs = choices.flatMap((it) =>
      (it.options ?? []).map((continuation) => ({ context: it.question, continuation })),
    )
    const scores = await model.scoreContinuations(pairs)
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
