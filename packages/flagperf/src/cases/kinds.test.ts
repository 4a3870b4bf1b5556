import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coldNumbers } from '../results/cold.ts'
import { energyNumbers } from '../results/energy.ts'
import { type GenerateRaw, generateNumbers } from '../results/generate.ts'
import { soakNumbers } from '../results/soak.ts'
import { trainNumbers } from '../results/train.ts'
import { measureCold } from './cold.ts'
import { measureEnergy } from './energy.ts'
import { dummyGenerator } from './generate/generator.ts'
import { openAiGenerator } from './generate/openAi.ts'
import { loadGenerator } from './generate.ts'
import { measureSoak } from './soak.ts'
import { measureTrain } from './train.ts'

let folder: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-kinds-'))
  model = join(folder, 'net.onnx')
  const weight = new Generator(0).rand([16, 16])
  await saveOnnx(
    model,
    trace((x) => ops.relu(ops.matmul(x, constant(weight))), [spec('float32', ['batch', 16])]),
  )
})
afterAll(() => rm(folder, { recursive: true }))

const open = () => ({ model, provider: 'cpu', threads: 1, sizes: { batch: 2 }, fill: {} }) as const

test('cold: a new process for every start', async () => {
  const raw = await measureCold({ kind: 'cold', ...open(), processes: 2 })
  expect(raw.starts.length).toBe(2)
  for (const start of raw.starts) for (const value of Object.values(start)) expect(value).toBeGreaterThan(0)
  const start = (firstRunNs: number) => ({
    runtimeNs: 1e6,
    openNs: 2e6,
    firstRunNs,
    secondRunNs: 5e5,
    residentBytes: 100,
  })
  expect(coldNumbers({ kind: 'cold', provider: 'cpu', starts: [start(3e6), start(5e6)] })).toEqual({
    processes: 2,
    runtimeMs: 1,
    openMs: 2,
    firstRunMs: 4,
    secondRunMs: 0.5,
    toFirstResultMs: { median: 7, min: 6, max: 8 },
    residentBytes: 100,
  })
})

describe('soak', () => {
  test('runs, and reads memory', async () => {
    for (const reopen of [false, true]) {
      const { readings } = await measureSoak({
        kind: 'soak',
        ...open(),
        seconds: 0.05,
        intervalMs: 1,
        reopen,
      })
      expect(readings.length).toBeGreaterThan(0)
      expect(readings[0]).toMatchObject({ runs: 1 })
      expect(readings[0].residentBytes).toBeGreaterThan(2 ** 20)
    }
  })

  const readings = (bytes: (run: number) => number) =>
    Array.from({ length: 90 }, (_, i) => ({
      atMs: i * 100,
      runs: 10 * i,
      residentBytes: bytes(10 * i),
      heapBytes: 1,
    }))
  const noise = new Generator(1)
  const wobble = () => 1e5 * (noise.rand([1]).item() - 0.5)
  const numbers = (bytes: (run: number) => number) =>
    soakNumbers({ kind: 'soak', provider: 'cpu', readings: readings(bytes) })

  test('finds a leak through the noise, and none where memory only fills up', () => {
    const leak = numbers((run) => 1e8 + 5000 * run + wobble())
    expect(leak.verdict).toBe('grows')
    expect(leak.bytesPerRun?.low).toBeLessThan(5000)
    expect(leak.bytesPerRun?.high).toBeGreaterThan(5000)
    expect(leak.bytesPerRun?.slope).toBeCloseTo(5000, -2)
    expect(numbers(() => 1e8 + wobble()).verdict).toBe('not shown')
    // Pools fill in the first third.
    expect(numbers((run) => 1e8 + 1e5 * Math.min(run, 250) + wobble()).verdict).toBe('not shown')
    // A slope that is certain and means nothing.
    expect(numbers((run) => 1e8 + run).verdict).toBe('not shown')
    expect(
      soakNumbers({ kind: 'soak', provider: 'cpu', readings: readings(() => 1).slice(0, 20) }).verdict,
    ).toBe('too short')
  })
})

describe('energy', () => {
  test('of a machine without meters is unavailable, not 0', async () => {
    const raw = await measureEnergy({ kind: 'energy', ...open(), seconds: 0.1, idleSeconds: 0.1 })
    const { meters, unavailable } = energyNumbers(raw)
    expect(raw.runs).toBeGreaterThan(0)
    // Every meter has a figure or a reason.
    expect(meters.length + Object.keys(unavailable).length).toBe(2)
    for (const reason of Object.values(unavailable)) expect(reason).not.toBe('')
  })

  test('is what was drawn beyond the idle power', () => {
    const series = {
      intervalMs: 100,
      units: { 'gpu.power': 'W' },
      unavailable: { power: 'no counters' },
      atMs: [0, 500, 1000, 1100, 1900, 2500, 3000, 3500],
      // The work's first fifth is a ramp.
      values: { 'gpu.power': [50, 50, 50, 100, 250, 250, 60, 60] },
    }
    const numbers = energyNumbers({
      kind: 'energy',
      provider: 'webgpu',
      runs: 100,
      idleBefore: [0, 1000],
      work: [1001, 3000 - 1],
      idleAfter: [3000, 3500],
      series,
    })
    expect(numbers.unavailable).toEqual({ power: 'no counters' })
    const [meter] = numbers.meters
    expect(meter).toMatchObject({ column: 'gpu.power', workWatts: 250, idleWatts: 55 })
    expect(meter.joulesPerRun).toBeCloseTo((250 * 1.998) / 100, 12)
    expect(meter.joulesPerRunAboveIdle).toBeCloseTo((195 * 1.998) / 100, 12)
  })
})

describe('train', () => {
  test('to a quality', async () => {
    const common = {
      kind: 'train',
      task: 'clusters',
      evaluateEvery: 20,
      threads: 1,
      provider: 'cpu',
      seed: 0,
    } as const
    const numbers = trainNumbers(await measureTrain({ ...common, steps: 400 }))
    expect(numbers.converged).toBe(true)
    expect(numbers.steps).toBeLessThan(400)
    expect(numbers.finalQuality).toBeGreaterThanOrEqual(0.95)
    expect(numbers.secondsToQuality).toBeGreaterThan(0)
    const short = trainNumbers(await measureTrain({ ...common, steps: 3 }))
    expect(short).toMatchObject({ steps: 3, converged: false, secondsToQuality: null, finalQuality: null })
    await expect(measureTrain({ ...common, task: 'emoji', steps: 1 })).rejects.toThrow(
      /no training is called "emoji"/,
    )
  })

  test('steps after the first, and a target that is reached from above', () => {
    const raw = { kind: 'train', task: 't', batchSize: 8, startNs: 2e6, losses: [2, null, 1] } as const
    const numbers = trainNumbers({
      ...raw,
      losses: [...raw.losses],
      stepNs: [9e6, 4e6, 2e6],
      evaluations: [
        { step: 1, atNs: 1e9, quality: 5 },
        { step: 2, atNs: 2e9, quality: 3 },
      ],
      target: { metric: 'perplexity', value: 4, higherIsBetter: false },
    })
    expect(numbers).toMatchObject({
      firstStepMs: 9,
      stepMs: 3,
      samplesPerSecond: 8000 / 3,
      secondsToQuality: 2,
      finalLoss: 1,
    })
  })
})

describe('generate', () => {
  const plan = { prompts: ['a', 'b'], requests: 6, maxTokens: 3, limits: {} }

  test('a dummy, some requests at a time or at random times', async () => {
    for (const load of [{ concurrency: 2 }, { ratePerSecond: 500, seed: 1 }]) {
      const raw = await loadGenerator(dummyGenerator(4, 2), { ...plan, load })
      const { ttftMs, itlMs, tpotMs, failed, requests, tokensPerSecond } = generateNumbers(raw)
      expect([requests, failed]).toEqual([6, 0])
      // Timers are never early by more than a millisecond.
      expect(ttftMs?.p50).toBeGreaterThan(3)
      expect(itlMs?.p50).toBeGreaterThan(1)
      expect(tpotMs?.p50).toBeGreaterThan(1)
      expect(tokensPerSecond).toBeGreaterThan(0)
      expect(
        raw.requests.every(({ dueNs, sentNs, pieceNs }) => dueNs <= sentNs && pieceNs.length === 3),
      ).toBe(true)
    }
  })

  test('latencies count from when a request was due, and goodput from the limits', () => {
    const request = (dueMs: number, sentMs: number, pieces: number[], tokens = pieces.length) => ({
      dueNs: dueMs * 1e6,
      sentNs: sentMs * 1e6,
      pieceNs: pieces.map((ms) => ms * 1e6),
      endNs: (pieces.at(-1) ?? sentMs) * 1e6,
      tokens,
    })
    const raw: GenerateRaw = {
      kind: 'generate',
      target: 't',
      limits: { ttftMs: 100, tpotMs: 10 },
      requests: [
        request(0, 0, [50, 60, 70]),
        // Late because it waited, which the client cannot excuse.
        request(0, 180, [200, 205]),
        // Pieces of several tokens.
        request(500, 500, [510, 590], 9),
        request(900, 900, [920]),
        { ...request(900, 900, []), error: 'HTTP 500' },
        { ...request(900, 950, [960]), endNs: 1e9, error: 'cut off' },
      ],
    }
    const numbers = generateNumbers(raw)
    expect(numbers).toMatchObject({
      requests: 6,
      failed: 2,
      seconds: 1,
      ttftMs: { p50: 20, p99: 200 },
      itlMs: { p50: 10, p99: 80 },
      tpotMs: { p50: 10, p90: 10 },
      tokensPerSecond: 15,
      requestsPerSecond: 4,
      goodput: 3,
      errors: { 'HTTP 500': 1, 'cut off': 1 },
    })
    expect(generateNumbers({ ...raw, requests: [] })).toMatchObject({ ttftMs: null, goodput: 0, seconds: 0 })
  })

  describe('a server that speaks OpenAI', () => {
    let server: Server
    let url: string
    const seen: unknown[] = []
    beforeAll(async () => {
      server = createServer(async (request, response) => {
        let body = ''
        for await (const part of request) body += part
        const asked = JSON.parse(body)
        seen.push({ path: request.url, authorization: request.headers.authorization, ...asked })
        if (asked.model === 'none') return void response.writeHead(404).end('{"error":"no such model"}')
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        if (asked.model === 'broken') return void response.end('data: {"choices":\n\n')
        const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
        const piece = (content: string) => event({ choices: [{ delta: { content } }] })
        response.write(event({ choices: [{ delta: { role: 'assistant' } }] }))
        // An event may come in pieces, with either kind of line end, and comments between them.
        const text = piece('Grüße') + piece(' an alle')
        response.write(text.slice(0, 30))
        response.write(text.slice(30))
        response.write(': still here\r\n\r\n')
        response.write(event({ choices: [], usage: { completion_tokens: 7 } }))
        response.end('data: [DONE]\r\n\r\n')
      })
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    })
    afterAll(() => new Promise((closed) => server.close(closed)))

    test('pieces as they come, tokens as it counts them', async () => {
      const answer = openAiGenerator({ url: `${url}/`, model: 'm', key: 'k' }).generate('Hello?', {
        maxTokens: 9,
      })
      const pieces: string[] = []
      let step = await answer.next()
      for (; !step.done; step = await answer.next()) pieces.push(step.value)
      expect([pieces, step.value]).toEqual([['Grüße', ' an alle'], 7])
      expect(seen.at(-1)).toMatchObject({
        path: '/v1/chat/completions',
        authorization: 'Bearer k',
        model: 'm',
        max_tokens: 9,
        stream: true,
        messages: [{ role: 'user', content: 'Hello?' }],
      })
      const raw = await loadGenerator(openAiGenerator({ url, model: 'm' }), {
        ...plan,
        load: { concurrency: 3 },
      })
      expect(raw.requests.map(({ tokens, pieceNs }) => [tokens, pieceNs.length])).toEqual(
        Array(6).fill([7, 2]),
      )
    })

    test.each([
      ['none', /HTTP 404: \{"error":"no such model"\}/],
      ['broken', /an event is not JSON/],
    ])('%s: a request that fails is one of the result', async (name, message) => {
      const raw = await loadGenerator(openAiGenerator({ url, model: name }), {
        ...plan,
        load: { concurrency: 1 },
      })
      expect(generateNumbers(raw)).toMatchObject({ requests: 6, failed: 6, goodput: 0 })
      expect(raw.requests[0].error).toMatch(message)
    })
  })
})
