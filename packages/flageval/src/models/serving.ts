import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { shortHash } from '../records/record.ts'
import { type HttpOptions, httpClient } from './http.ts'
import { cutAt, type LanguageModel } from './languageModel.ts'

/** What flageval-serving's one endpoint is asked, after HELM's request. */
const servingRequest = z.object({
  engine: z.string().default(''),
  prompt: z.string(),
  temperature: z.number().default(0),
  num_return_sequences: z.int().positive().default(1),
  max_new_tokens: z.int().positive().default(256),
  top_p: z.number().default(1),
  echo_prompt: z.boolean().default(false),
  top_k_per_token: z.int().default(1),
  stop_sequences: z.array(z.string()).default([]),
})

const servingAnswer = z.object({ completions: z.array(z.object({ text: z.string() })).min(1) })

/** A model behind flageval-serving: `POST` to its address, which ends in `/func`. It generates and does nothing else. */
export function servingModel(url: string, engine = '', options: HttpOptions = {}): LanguageModel {
  const client = httpClient(options)
  return {
    name: engine || url,
    fingerprint: `serving ${shortHash(url, engine)}`,
    generate: (requests) =>
      Promise.all(
        requests.map(async ({ prompt, until, maxTokens, temperature }) => {
          const body = servingRequest.parse({
            engine,
            prompt,
            temperature,
            max_new_tokens: maxTokens,
            stop_sequences: until.filter(Boolean),
          })
          const answer = servingAnswer.safeParse(await client.post(url, body))
          if (!answer.success) {
            throw new FlagError('invalid-argument', `${url}: no completions in the answer`, {
              hint: 'give the address of a flageval-serving endpoint, which ends in /func',
            })
          }
          return cutAt(answer.data.completions[0].text, until)
        }),
      ),
    dispose: async () => {},
  }
}

/** A request that flageval-serving's protocol does not know. */
export class BadServingRequest extends FlagError {}

/** The other side: answers flageval-serving's request with a model. Throws `invalid-argument` for a bad request. */
export async function answerServing(model: LanguageModel, body: unknown): Promise<Record<string, unknown>> {
  const request = servingRequest.safeParse(body)
  if (!request.success) {
    const [{ path, message }] = request.error.issues
    throw new BadServingRequest('invalid-argument', `${path.join('.') || 'the body'}: ${message}`)
  }
  if (!model.generate) throw new FlagError('unsupported', `${model.name} does not generate`)
  const {
    prompt,
    temperature,
    num_return_sequences: count,
    max_new_tokens,
    stop_sequences,
    echo_prompt,
    top_p,
  } = request.data
  const texts = await model.generate(
    Array.from({ length: count }, (_, repeat) => ({
      prompt,
      until: stop_sequences,
      maxTokens: max_new_tokens,
      temperature,
      repeat,
      options: { top_p },
    })),
  )
  return {
    completions: texts.map((text) => ({
      text: echo_prompt ? prompt + text : text,
      tokens: [],
      logprobs: [],
      top_logprobs_dicts: [],
    })),
    model_info: model.name,
    status: 200,
    input_length: prompt.length,
  }
}
