import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { FlagError, Tensor } from '@flag/core-tensor'
import { z } from 'zod'
import type { EmbeddingModel, PictureInput } from './embedding.ts'
import { limiter } from './http.ts'
import type { LanguageModel } from './languageModel.ts'

export interface CommandOptions {
  /** Requests without an answer at once. Default 16. */
  concurrency?: number
  /** For one answer, and for the first line. Default 120,000. */
  timeoutMs?: number
}

const abilities = ['score', 'score-text', 'generate', 'encode-text', 'encode-image'] as const
const hello = z.object({
  name: z.string().min(1),
  fingerprint: z.string().min(1),
  can: z.array(z.enum(abilities)).min(1),
})

const answers = {
  score: z.object({ logLikelihood: z.number(), greedy: z.boolean() }),
  'score-text': z.object({ logLikelihood: z.number() }),
  generate: z.object({ text: z.string() }),
  'encode-text': z.object({ vector: z.array(z.number()).min(1) }),
  'encode-image': z.object({ vector: z.array(z.number()).min(1) }),
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/** A child process that answers JSON lines with JSON lines, in any order. */
class LineProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, Waiting>()
  readonly #command: string
  readonly #timeoutMs: number
  #next = 0
  #stderr = ''
  #ended: FlagError | undefined
  /** The line without an id. */
  readonly first: Promise<unknown>

  constructor(command: string, timeoutMs: number) {
    this.#command = command
    this.#timeoutMs = timeoutMs
    this.#child = spawn(command, { shell: true, stdio: 'pipe', detached: process.platform !== 'win32' })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000)
    })
    // A child that ends closes its input; that it ended is told by `close`.
    this.#child.stdin.on('error', () => {})
    this.first = new Promise((resolve, reject) => this.#expect(-1, resolve, reject))
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line))
    this.#child.on('error', (cause) => this.#end(`could not be started: ${cause.message}`))
    this.#child.on('close', (code, signal) => this.#end(`ended with ${signal ?? `code ${code}`}`))
  }

  #fault(what: string): FlagError {
    const said = this.#stderr.trim().split('\n').at(-1)
    return new FlagError(
      'invalid-argument',
      `command ${this.#command}: ${what}${said ? `; it said: ${said}` : ''}`,
    )
  }

  #end(what: string): void {
    this.#ended ??= this.#fault(what)
    for (const [id, { reject, timer }] of this.#waiting) {
      clearTimeout(timer)
      this.#waiting.delete(id)
      reject(this.#ended)
    }
  }

  #expect(id: number, resolve: (value: unknown) => void, reject: (error: Error) => void): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(id)
      reject(this.#fault(`no answer within ${this.#timeoutMs / 1000} s`))
    }, this.#timeoutMs)
    this.#waiting.set(id, { resolve, reject, timer })
  }

  #take(line: string): void {
    let message: { id?: unknown; error?: unknown }
    try {
      message = JSON.parse(line)
    } catch {
      this.#end(`wrote a line that is not JSON: ${line.slice(0, 80)}`)
      this.stop()
      return
    }
    const id = typeof message?.id === 'number' ? message.id : -1
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(id)
    if (message.error !== undefined) waiting.reject(this.#fault(`answered with an error: ${message.error}`))
    else waiting.resolve(message)
  }

  ask(request: Record<string, unknown>): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#expect(id, resolve, reject)
      this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  /** Closes its input, and kills it and its children where it does not end by that. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.stdin.end()
    const kill = setTimeout(() => {
      const { pid } = this.#child
      if (pid === undefined) return
      try {
        process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
      } catch {
        // It ended in between.
      }
    }, 2000)
    await once(this.#child, 'close')
    clearTimeout(kill)
  }
}

/**
 * A model that a command is: it writes one line `{"name", "fingerprint", "can": [...]}`, then answers each line
 * `{"id", "kind", ...}` by one with the same id, in any order. Kinds are `score` (context, continuation → logLikelihood,
 * greedy), `score-text` (text → logLikelihood), `generate` (prompt, until, maxTokens, temperature, repeat, options →
 * text), `encode-text` (text → vector) and `encode-image` (base64 → vector); `error` instead says what went wrong. It ends
 * when its input does. Throws `invalid-argument` with the last line it wrote to stderr.
 */
export async function commandModel(
  command: string,
  { concurrency = 16, timeoutMs = 120_000 }: CommandOptions = {},
): Promise<LanguageModel & Partial<EmbeddingModel>> {
  const child = new LineProcess(command, timeoutMs)
  const first = hello.safeParse(await child.first)
  if (!first.success) {
    await child.stop()
    const [{ path, message }] = first.error.issues
    throw new FlagError(
      'invalid-argument',
      `command ${command}: its first line: ${path.join('.')}: ${message}`,
    )
  }
  const { name, fingerprint, can } = first.data
  const limited = limiter(concurrency)
  const ask = <K extends keyof typeof answers>(
    kind: K,
    request: object,
  ): Promise<z.infer<(typeof answers)[K]>> =>
    limited(async () => {
      const answer = answers[kind].safeParse(await child.ask({ kind, ...request }))
      if (answer.success) return answer.data as z.infer<(typeof answers)[K]>
      const [{ path, message }] = answer.error.issues
      throw new FlagError(
        'invalid-argument',
        `command ${command}: answer to ${kind}: ${path.join('.')}: ${message}`,
      )
    })
  const rows = async (vectors: Promise<{ vector: number[] }[]>): Promise<Tensor<'float32'>> => {
    const list = (await vectors).map(({ vector }) => vector)
    const width = list[0]?.length ?? 0
    if (list.some(({ length }) => length !== width)) {
      throw new FlagError('shape-mismatch', `command ${command}: vectors of several lengths`)
    }
    return new Tensor('float32', [list.length, width], Float32Array.from(list.flat()))
  }
  const base64 = async (picture: PictureInput) =>
    Buffer.from(typeof picture === 'string' ? await readFile(picture) : picture).toString('base64')
  return {
    name,
    fingerprint: `command ${fingerprint}`,
    ...(can.includes('score') && {
      scoreContinuations: (pairs) =>
        Promise.all(pairs.map(({ context, continuation }) => ask('score', { context, continuation }))),
    }),
    ...(can.includes('score-text') && {
      scoreTexts: (texts) =>
        Promise.all(texts.map(async (text) => (await ask('score-text', { text })).logLikelihood)),
    }),
    ...(can.includes('generate') && {
      generate: (requests) =>
        Promise.all(requests.map(async (request) => (await ask('generate', request)).text)),
    }),
    ...(can.includes('encode-text') && {
      encodeText: (texts: string[]) => rows(Promise.all(texts.map((text) => ask('encode-text', { text })))),
    }),
    ...(can.includes('encode-image') && {
      encodeImage: (pictures: PictureInput[]) =>
        rows(Promise.all(pictures.map(async (it) => ask('encode-image', { base64: await base64(it) })))),
    }),
    dispose: () => child.stop(),
  }
}
