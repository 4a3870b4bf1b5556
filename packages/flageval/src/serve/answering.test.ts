import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LanguageModel } from '../models/languageModel.ts'
import { servingModel } from '../models/serving.ts'
import { answering } from './answering.ts'
import type { RunningServer } from './listen.ts'

const echo: LanguageModel = {
  name: 'echo',
  fingerprint: 'echo',
  generate: async (requests) =>
    requests.map(({ prompt }) => {
      if (prompt === 'fail') throw new Error('out of memory')
      return `${prompt}. more`
    }),
  dispose: async () => {},
}

let server: RunningServer
beforeAll(async () => {
  server = await answering(echo)
})
afterAll(() => server.close())

const post = async (body: string, url = server.url) => {
  const response = await fetch(url, { method: 'POST', body })
  return [response.status, await response.json()]
}

it('answers what the model behind a client is asked', async () => {
  const request = { prompt: 'hi', until: ['.'], maxTokens: 5, temperature: 0, repeat: 0, options: {} }
  expect(await servingModel(server.url).generate?.([request])).toEqual(['hi'])
})

it('says whose fault a failure is', async () => {
  expect(await post('{"prompt": 3}')).toEqual([
    400,
    { error: { message: expect.stringMatching(/^prompt: /) } },
  ])
  expect(await post('{')).toEqual([400, { error: { message: 'the body is not JSON' } }])
  expect(await post('{"prompt": "fail"}')).toEqual([500, { error: { message: 'out of memory' } }])
  expect(await post('{}', server.url.replace('func', 'other'))).toEqual([
    404,
    { error: { message: 'no route /other, expected POST /func' } },
  ])
  const large = await post(`"${'x'.repeat(16 * 1024 ** 2)}"`)
  expect(large[0]).toBe(413)
  await expect(answering({ ...echo, generate: undefined })).rejects.toThrow('echo does not generate')
})
