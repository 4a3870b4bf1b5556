import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tensor, writeNpz, writeSafetensors } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashModel } from '../lmEval/testing/hashModel.ts'
import { RequestCache } from '../run/requestCache.ts'
import { runPrompts } from '../run/runPrompts.ts'
import { validate } from '../run/validate.ts'
import { commandModel } from './command.ts'
import type { LanguageModel } from './languageModel.ts'
import { openAIModel } from './openai.ts'
import { openLanguageModel } from './openLanguageModel.ts'
import { answerServing, servingModel } from './serving.ts'
import { loopback, refuse } from './testing/loopback.ts'
import { vectorFiles } from './vectorFiles.ts'

const tasks = fileURLToPath(new URL('../../goldens/lmEval/tasks/', import.meta.url))
const goldens = JSON.parse(
  await readFile(fileURLToPath(new URL('../../goldens/lmEval/results.json', import.meta.url)), 'utf8'),
)

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-models-'))
})
afterAll(() => rm(folder, { recursive: true }))

const pair = (context: string, continuation: string) => ({ context, continuation })
const request = (prompt: string, until: string[] = [], repeat = 0) => ({
  prompt,
  until,
  maxTokens: 20,
  temperature: 0,
  repeat,
  options: {},
})

/** Every character a token of probability 1/e² for vowels, 1/e for others; a vowel is not what greedy decoding writes. */
const vowels = (text: string) => [...text].map((char) => (/[aeiou]/.test(char) ? -2 : -1))

const completions = (body: { prompt: string; echo?: boolean; stop?: string[]; max_tokens: number }) => {
  if (!body.echo) return { choices: [{ text: ` said ${body.prompt}. And on.` }] }
  const text = `${body.prompt}x`
  const values = vowels(text)
  return {
    choices: [
      {
        text,
        logprobs: {
          token_logprobs: values.map((value, i) => (i === 0 ? null : value)),
          text_offset: values.map((_, i) => i),
          top_logprobs: values.map((_, i) => (i === 0 ? null : { '?': -1 })),
        },
      },
    ],
  }
}

describe('an OpenAI-compatible endpoint', () => {
  it('scores what follows the context, and generates', async () => {
    const server = await loopback(completions)
    const model = openAIModel({
      url: `${server.url}/v1/`,
      model: 'm',
      kind: 'completions',
      prefix: '§',
      concurrency: 3,
    })
    const scores = await model.scoreContinuations?.([
      pair('Is it', ' tea'),
      pair('Is it ', 'sky'),
      pair('', 'ab'),
      ...Array.from({ length: 20 }, () => pair('x', 'b😀b')),
    ])
    expect(scores?.slice(0, 4)).toEqual([
      { logLikelihood: -6, greedy: false },
      { logLikelihood: -4, greedy: true },
      { logLikelihood: -3, greedy: false },
      { logLikelihood: -3, greedy: true },
    ])
    expect(server.state.most).toBeLessThanOrEqual(3)
    expect(server.state.most).toBeGreaterThan(1)
    expect(await model.scoreTexts?.(['bab'])).toEqual([-4])
    expect(await model.generate?.([request('hello', ['.'])])).toEqual([' said hello'])
    const bare = openAIModel({ url: server.url, model: 'm', kind: 'completions' })
    await expect(bare.scoreTexts?.(['bab'])).rejects.toThrow('first token')
    expect(bare.fingerprint).not.toBe(model.fingerprint)
    await server.close()
  })

  it('is asked again where that may help, and not where it cannot', async () => {
    let left = 3
    const server = await loopback((body: { prompt: string; max_tokens: number }) => {
      if (body.prompt === 'bad') throw refuse(400, 'too long')
      if (left-- > 0) throw refuse(left === 1 ? 429 : 503, 'busy', left === 1 ? { 'retry-after': '0' } : {})
      return completions(body)
    })
    const model = openAIModel({ url: server.url, model: 'm', kind: 'completions', backoffMs: 1 })
    expect((await model.generate?.([request('x')]))?.[0]).toContain('said x')
    expect(server.state.asked).toBe(4)
    await expect(model.generate?.([request('bad')])).rejects.toThrow('HTTP 400: too long')
    expect(server.state.asked).toBe(5)
    left = 100
    const hasty = openAIModel({ url: server.url, model: 'm', kind: 'completions', backoffMs: 1, retries: 1 })
    await expect(hasty.generate?.([request('x')])).rejects.toThrow('HTTP 503: busy')
    await server.close()
    await expect(hasty.generate?.([request('x')])).rejects.toThrow('no answer after 2 tries')
  })

  it('that never answers ends by its time limit', async () => {
    const server = await loopback(() => undefined)
    const model = openAIModel({ url: server.url, model: 'm', kind: 'completions', timeoutMs: 20, retries: 0 })
    await expect(model.generate?.([request('x')])).rejects.toThrow('no answer after 1 tries')
    await server.close()
  })

  it('of chat runs generation and says why it cannot run likelihoods', async () => {
    const server = await loopback((body: { messages: { content: string }[] }) => ({
      choices: [{ message: { content: body.messages[0].content.slice(2) } }],
    }))
    const model = await openLanguageModel(`openai-chat:${server.url}/v1#chatty`)
    const { results } = await runPrompts(
      model,
      [join(tasks, 'gen_given.yaml'), join(tasks, 'mc_plain.yaml')],
      {
        output: at('chat'),
        cache: at('cache'),
        limit: 4,
      },
    )
    expect(results[0].scores?.[0].metric).toBe('exact_match,none')
    expect(results[1].error?.message).toContain('chatty gives no log-probabilities')
    await server.close()
  })
})

describe('a command that speaks JSON lines', () => {
  const program = `
import { createInterface } from 'node:readline'
const say = (it) => console.log(JSON.stringify(it))
say({ name: 'lines', fingerprint: '1', can: ['score', 'score-text', 'generate', 'encode-text', 'encode-image'] })
const held = []
const answer = ({ id, kind, ...it }) => {
  if (it.prompt === 'die') { console.error('out of memory'); process.exit(3) }
  if (it.prompt === 'no') return say({ id, error: 'will not' })
  if (it.prompt === 'odd') return say({ id, tekst: 1 })
  if (kind === 'score') say({ id, logLikelihood: -it.continuation.length, greedy: it.context === 'a' })
  if (kind === 'score-text') say({ id, logLikelihood: -it.text.length })
  if (kind === 'generate') say({ id, text: it.prompt + it.repeat })
  if (kind === 'encode-text') say({ id, vector: [it.text.length, 1] })
  if (kind === 'encode-image') say({ id, vector: [Buffer.from(it.base64, 'base64').length, 2] })
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const it = JSON.parse(line)
  // Pairs are answered the other way round.
  if (it.kind !== 'score') return answer(it)
  held.push(it)
  if (held.length === 2) held.splice(0).reverse().forEach(answer)
})
`
  let line: string
  beforeAll(async () => {
    await writeFile(at('lines.mjs'), program)
    line = `"${process.execPath}" "${at('lines.mjs')}"`
  })

  it('answers in any order', async () => {
    const model = await commandModel(line)
    expect(await model.scoreContinuations?.([pair('a', 'bc'), pair('b', 'c')])).toEqual([
      { logLikelihood: -2, greedy: true },
      { logLikelihood: -1, greedy: false },
    ])
    expect(await model.scoreTexts?.(['four'])).toEqual([-4])
    expect(await model.generate?.([request('p', [], 2)])).toEqual(['p2'])
    expect([...((await model.encodeText?.(['abc']))?.data ?? [])]).toEqual([3, 1])
    expect([...((await model.encodeImage?.([new Uint8Array(5)]))?.data ?? [])]).toEqual([5, 2])
    await expect(model.generate?.([request('no')])).rejects.toThrow('will not')
    await expect(model.generate?.([request('odd')])).rejects.toThrow('answer to generate: text')
    await model.dispose()
  })

  it('that ends says why', async () => {
    const model = await openLanguageModel(`command:${line}`)
    await expect(model.generate?.([request('die'), request('p')])).rejects.toThrow(
      'ended with code 3; it said: out of memory',
    )
    await expect(model.generate?.([request('p')])).rejects.toThrow('ended with code 3')
    await model.dispose()
    await expect(commandModel('echo not json')).rejects.toThrow('not JSON')
    await expect(commandModel('echo {}')).rejects.toThrow('its first line: name')
  })
})

describe("flageval-serving's protocol", () => {
  it('is spoken from both sides', async () => {
    const echo: LanguageModel = {
      name: 'echo',
      fingerprint: 'echo',
      generate: async (requests) => requests.map(({ prompt, repeat }) => `${prompt}|${repeat}. more`),
      dispose: async () => {},
    }
    const server = await loopback((body) =>
      answerServing(echo, body).catch((error) => Promise.reject(refuse(400, error.message))),
    )
    const model = servingModel(`${server.url}/func`, 'e')
    expect(await model.generate?.([request('hi', ['.'])])).toEqual(['hi|0'])
    const many = await answerServing(echo, { prompt: 'p', num_return_sequences: 2, echo_prompt: true })
    expect((many.completions as { text: string }[]).map(({ text }) => text)).toEqual([
      'pp|0. more',
      'pp|1. more',
    ])
    await expect(answerServing(echo, { prompt: 3 })).rejects.toThrow('prompt')
    await server.close()
  })
})

describe('vectors made beforehand', () => {
  it('are found by text and by picture', async () => {
    const picture = Buffer.from('picture')
    const names = { texts: ['one', 'two'], images: [createHash('sha256').update(picture).digest('hex')] }
    const texts = new Tensor('float32', [2, 3], Float32Array.from([1, 2, 3, 4, 5, 6]))
    const images = new Tensor('float32', [1, 3], Float32Array.from([7, 8, 9]))
    await mkdir(at('vectors'), { recursive: true })
    for (const [name, list] of Object.entries(names))
      await writeFile(join(at('vectors'), `${name}.json`), JSON.stringify(list))
    await writeSafetensors(join(at('vectors'), 'vectors.safetensors'), { texts, images })
    const model = await vectorFiles(at('vectors'))
    expect([...(await model.encodeText(['two', 'one'])).data]).toEqual([4, 5, 6, 1, 2, 3])
    expect([...(await model.encodeImage([picture])).data]).toEqual([7, 8, 9])
    await expect(model.encodeText(['three'])).rejects.toThrow('has no vector of "three"')
    await writeNpz(at('unused.npz'), { texts })
    await expect(vectorFiles(at('none'))).rejects.toThrow('no such file')
  })
})

describe('a run of prompts', () => {
  const files = ['mc_letters', 'gen_filters', 'rolling'].map((name) => join(tasks, `${name}.yaml`))

  /** The hash model, killed after so many requests; counts what it is asked. */
  function counted(failAfter = Number.POSITIVE_INFINITY) {
    const asked: string[] = []
    const note = (requests: readonly unknown[]) => {
      if (asked.length + requests.length > failAfter) throw new Error('killed')
      asked.push(...requests.map((it) => JSON.stringify(it)))
    }
    const model: LanguageModel = {
      ...hashModel,
      scoreContinuations: async (pairs) => {
        note(pairs)
        return (await hashModel.scoreContinuations?.(pairs)) ?? []
      },
      scoreTexts: async (texts) => {
        note(texts)
        return (await hashModel.scoreTexts?.(texts)) ?? []
      },
      generate: async (requests) => {
        note(requests)
        return (await hashModel.generate?.(requests)) ?? []
      },
    }
    return { model, asked }
  }

  it('that is killed goes on with the same results and asks nothing twice', async () => {
    await runPrompts(hashModel, files, { output: at('whole'), cache: at('whole-cache') })
    const whole = await readFile(join(at('whole'), 'results.json'), 'utf8')
    expect(await validate(at('whole'))).toEqual([])
    const first = JSON.parse(whole).results[0].scores[0]
    expect(first.value).toBeCloseTo(goldens.runs.mc_letters.results.mc_letters['acc,none'], 12)
    for (const failAfter of [0, 64, 100, 150, 200]) {
      const options = { output: at(`killed-${failAfter}`), cache: at(`cache-${failAfter}`) }
      const killed = counted(failAfter)
      await expect(runPrompts(killed.model, files, options)).rejects.toThrow('killed')
      const resumed = counted()
      await runPrompts(resumed.model, files, options)
      const asked = [...killed.asked, ...resumed.asked]
      expect(new Set(asked).size).toBe(asked.length)
      expect(await readFile(join(options.output, 'results.json'), 'utf8')).toBe(whole)
    }
  })

  it('keeps answers by the fingerprint of the model, never by its name', async () => {
    const cache = await RequestCache.open(at('by-model'), 'one')
    await cache.put([['key', 'answer']])
    await cache.close()
    const other = await RequestCache.open(at('by-model'), 'two')
    expect(other.has('key')).toBe(false)
    await other.close()
    const again = await RequestCache.open(at('by-model'), 'one')
    expect(again.get('key')).toBe('answer')
    await again.close()
  })
})
