import { setTimeout as wait } from 'node:timers/promises'
import { FlagError, Generator } from '@flag/core-tensor'
import { exponential } from '../loadgen/random.ts'
import type { GenerateRaw } from '../results/generate.ts'
import { dummyGenerator, type TextGenerator } from './generate/generator.ts'
import { openAiGenerator } from './generate/openAi.ts'
import type { GenerateSpec } from './spec.ts'

const NS_PER_SECOND = 1e9

function generatorOf({ target }: GenerateSpec): TextGenerator {
  if (target.kind === 'dummy') return dummyGenerator(target.firstMs, target.nextMs)
  const { url, model, keyVariable } = target
  const key = keyVariable === undefined ? undefined : process.env[keyVariable]
  if (keyVariable !== undefined && key === undefined)
    throw new FlagError(
      'invalid-argument',
      `the environment has no variable ${keyVariable}, which was to hold the key`,
    )
  return openAiGenerator({ url, model, key })
}

/** Puts the generator that a spec names under load. */
export const measureGenerate = (spec: GenerateSpec): Promise<GenerateRaw> =>
  loadGenerator(generatorOf(spec), spec)

/**
 * Puts a generator under load: so many requests at a time, each sent when another is done, or, with a rate, requests at random
 * times (a Poisson process) whether others are done or not. Latencies count from when a request was due. A request that fails
 * is one of the result.
 */
export async function loadGenerator(
  generator: TextGenerator,
  { prompts, requests, load, maxTokens, limits }: Omit<GenerateSpec, 'kind' | 'target'>,
): Promise<GenerateRaw> {
  if (prompts.length === 0) throw new FlagError('invalid-argument', 'there is no prompt')
  const results: GenerateRaw['requests'] = []
  const begin = process.hrtime.bigint()
  const now = () => Number(process.hrtime.bigint() - begin)
  const ask = async (index: number, dueNs: number) => {
    const sentNs = now()
    const pieceNs: number[] = []
    const answer = generator.generate(prompts[index % prompts.length], { maxTokens })
    const outcome = await (async () => {
      for (;;) {
        const { done, value } = await answer.next()
        if (done) return { tokens: value ?? pieceNs.length }
        pieceNs.push(now())
      }
    })().catch((error: Error) => ({ tokens: pieceNs.length, error: error.message.split('\n')[0] }))
    results[index] = { dueNs, sentNs, pieceNs, endNs: now(), ...outcome }
  }
  if ('concurrency' in load) {
    let next = 0
    const client = async () => {
      while (next < requests) await ask(next++, now())
    }
    await Promise.all(Array.from({ length: load.concurrency }, client))
  } else {
    const random = new Generator(load.seed)
    const running: Promise<void>[] = []
    let dueNs = 0
    for (let i = 0; i < requests; i++) {
      // Timers of Node cut fractions off and fire early.
      for (let early = dueNs - now(); early > 0; early = dueNs - now()) await wait(Math.ceil(early / 1e6))
      running.push(ask(i, dueNs))
      dueNs += exponential(random, load.ratePerSecond) * NS_PER_SECOND
    }
    await Promise.all(running)
  }
  return { kind: 'generate', target: generator.name, limits, requests: results }
}
