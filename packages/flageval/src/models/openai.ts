import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { stripEnd } from '../python/text.ts'
import { shortHash } from '../records/record.ts'
import { type HttpOptions, httpClient } from './http.ts'
import { type ContinuationScore, cutAt, type GenerationRequest, type LanguageModel } from './languageModel.ts'

export interface OpenAIOptions extends HttpOptions {
  /** Up to and with `/v1`. */
  url: string
  /** The name that the server knows the model by. */
  model: string
  /** `chat` has no log-probabilities of the prompt: it generates and does nothing else. */
  kind: 'completions' | 'chat'
  /** What stands before a text that has no context, as text: the begin or end of sequence. */
  prefix?: string
}

const completion = z.object({
  choices: z
    .array(
      z.object({
        text: z.string().nullish(),
        message: z.object({ content: z.string().nullish() }).optional(),
        logprobs: z
          .object({
            token_logprobs: z.array(z.number().nullable()),
            text_offset: z.array(z.int()),
            top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
})

type Completion = z.infer<typeof completion>['choices'][number]

const lengthOf = (text: string) => [...text].length

/** The tokens of the prompt that end after its first `start` characters, summed. */
function sumFrom(choice: Completion, start: number, end: number, url: string): ContinuationScore {
  const { logprobs } = choice
  if (!logprobs) {
    throw new FlagError('unsupported', `${url}: the answer has no logprobs`, {
      hint: 'give an endpoint that echoes the prompt with logprobs, or a task with output_type generate_until',
    })
  }
  const { token_logprobs: values, text_offset: offsets, top_logprobs: tops } = logprobs
  let [logLikelihood, greedy] = [0, true]
  for (const [i, from] of offsets.entries()) {
    const to = offsets[i + 1] ?? end + 1
    if (from >= end || to <= start) continue
    const value = values[i]
    if (value === null || value === undefined) {
      throw new FlagError(
        'unsupported',
        `${url}: the first token of a text without context has no log-probability`,
        {
          hint: "give the text of the model's first token: prefix=<s> or the like",
        },
      )
    }
    logLikelihood += value
    const best = Math.max(...Object.values(tops?.[i] ?? {}))
    greedy &&= value >= best
  }
  return { logLikelihood, greedy }
}

/**
 * A model behind an OpenAI-compatible endpoint. Continuations are scored by one request each: the prompt is echoed with
 * its log-probabilities and cut where the continuation starts; a token that reaches over the cut counts with the
 * continuation. The key is taken from OPENAI_API_KEY. The fingerprint is the address and the model's name: a server that
 * changes its weights under one name is not noticed.
 */
export function openAIModel({ url, model, kind, prefix = '', ...http }: OpenAIOptions): LanguageModel {
  const base = url.replace(/\/$/, '')
  const key = process.env.OPENAI_API_KEY
  const client = httpClient({
    ...http,
    headers: { ...(key && { authorization: `Bearer ${key}` }), ...http.headers },
  })
  const path = `${base}/${kind === 'chat' ? 'chat/completions' : 'completions'}`
  const ask = async (body: Record<string, unknown>): Promise<Completion> => {
    const answer = completion.safeParse(await client.post(path, { model, ...body }))
    if (answer.success) return answer.data.choices[0]
    const [{ path: at, message }] = answer.error.issues
    throw new FlagError('invalid-argument', `${path}: no completion: ${at.join('.')}: ${message}`)
  }
  const score = async (context: string, continuation: string) => {
    const before = prefix + stripEnd(context)
    const prompt = prefix + context + continuation
    // One token is generated because some servers refuse none; it is not looked at.
    const choice = await ask({ prompt, max_tokens: 1, temperature: 0, logprobs: 1, echo: true })
    return sumFrom(choice, lengthOf(before), lengthOf(prompt), path)
  }
  const generate = async (request: GenerationRequest) => {
    const { prompt, until, maxTokens, temperature, repeat, options } = request
    const asked = kind === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt }
    const stop = until.filter(Boolean)
    const choice = await ask({
      ...options,
      ...asked,
      max_tokens: maxTokens,
      temperature,
      // OpenAI takes four; the answer is cut by all of them here.
      ...(stop.length > 0 && { stop: stop.slice(0, 4) }),
      seed: 1234 + repeat,
    })
    return cutAt(choice.text ?? choice.message?.content ?? '', until)
  }
  return {
    name: model,
    fingerprint: `openai ${shortHash(base, model, kind, prefix)}`,
    ...(kind === 'completions' && {
      scoreContinuations: (pairs) => Promise.all(pairs.map((it) => score(it.context, it.continuation))),
      scoreTexts: async (texts) => {
        const scores = await Promise.all(texts.map((text) => score('', text)))
        return scores.map(({ logLikelihood }) => logLikelihood)
      },
    }),
    generate: (requests) => Promise.all(requests.map(generate)),
    dispose: async () => {},
  }
}
