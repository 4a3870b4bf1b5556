import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSession, FlagError, type Session, type SessionOptions, type Tensor } from '@flag/core-tensor'
import { readPorts } from '../attribution/nodes.ts'
import { makeInputs } from './inputs.ts'
import type { OpenSpec } from './spec.ts'

/** The first axis that the inputs of a model leave open, which is usually that of the batch. Throws `not-found`. */
export async function batchAxisOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(resolve(path)).catch((cause: Error) => {
    throw new FlagError('not-found', `${path}: cannot be read: ${cause.message}`, { cause })
  })
  return readPorts(bytes).flatMap(({ shape }) => shape.filter((size) => typeof size === 'string'))[0]
}

/** Opens a model in this thread, with made-up inputs of its sizes. */
export async function openModel(
  spec: OpenSpec,
  options: SessionOptions = {},
): Promise<{ session: Session; feeds: Record<string, Tensor> }> {
  const file = resolve(spec.model)
  const feeds = makeInputs(readPorts(await readFile(file)), { sizes: spec.sizes, fill: spec.fill })
  const { provider, providerOptions, threads } = spec
  return {
    feeds,
    session: await createSession(file, {
      providers: [provider],
      providerOptions,
      threads,
      isolation: 'inline',
      ...options,
    }),
  }
}
