import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type { TextGenerator } from './generator.ts'

export interface Endpoint {
  /** Up to and without `/chat/completions`: `http://127.0.0.1:8000/v1`. */
  readonly url: string
  readonly model: string
  /** Sent as a bearer token. */
  readonly key?: string
}

const chunk = z.object({
  choices: z
    .array(
      z.object({ delta: z.object({ content: z.string().nullish() }).nullish(), text: z.string().nullish() }),
    )
    .default([]),
  usage: z.object({ completion_tokens: z.number().optional() }).nullish(),
})

/**
 * Any server that speaks OpenAI's chat completions as a stream of server-sent events, as vLLM, llama.cpp, Ollama and others
 * do. Tokens are those that the server counts (`stream_options.include_usage`), where it does.
 */
export const openAiGenerator = ({ url, model, key }: Endpoint): TextGenerator => ({
  name: `${model} at ${url}`,
  async *generate(prompt, { maxTokens }) {
    const response = await fetch(`${url.replace(/\/$/, '')}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: prompt }],
        max_tokens: maxTokens,
        stream: true,
        stream_options: { include_usage: true },
      }),
    })
    if (!response.ok || !response.body)
      throw new FlagError('io', `${url}: HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`)
    let tokens: number | undefined
    for await (const data of serverSentEvents(response.body)) {
      if (data === '[DONE]') break
      const { choices, usage } = parse(data, url)
      tokens = usage?.completion_tokens ?? tokens
      const piece = choices[0]?.delta?.content ?? choices[0]?.text
      if (piece) yield piece
    }
    return tokens
  },
})

function parse(data: string, url: string): z.infer<typeof chunk> {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch (cause) {
    throw new FlagError('io', `${url}: an event is not JSON: ${data.slice(0, 100)}`, { cause })
  }
  const parsed = chunk.safeParse(value)
  if (parsed.success) return parsed.data
  throw new FlagError('io', `${url}: an event is not a piece of a completion: ${data.slice(0, 100)}`)
}

/** The data of each event (WHATWG HTML, 9.2). */
async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\r|\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '' && data.length > 0) {
        yield data.join('\n')
        data = []
      } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
    }
  }
  if (data.length > 0) yield data.join('\n')
}
