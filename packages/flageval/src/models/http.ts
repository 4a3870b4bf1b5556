import { setTimeout as delay } from 'node:timers/promises'
import { FlagError } from '@flag/core-tensor'

export interface HttpOptions {
  /** Requests under way at once. Default 8. */
  concurrency?: number
  /** Tries after the first. Default 4. */
  retries?: number
  /** Before the first new try; doubled for each further one. Default 500. */
  backoffMs?: number
  /** For one try. Default 120,000. */
  timeoutMs?: number
  headers?: Readonly<Record<string, string>>
}

/** Statuses that a later try may not give: overload, and what a gateway says of a server that is not up. */
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504])

/** Runs so many of the given functions at once, and the others when one ends. */
export function limiter(concurrency: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    // Whoever ends hands its place to the first that waits, so that nobody gets between.
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

class Refused extends FlagError {
  constructor(
    url: string,
    readonly status: number,
    text: string,
    readonly retryAfter: number | undefined,
  ) {
    const hint = status === 401 || status === 403 ? 'set the key: OPENAI_API_KEY' : undefined
    super('invalid-argument', `${url}: HTTP ${status}: ${text.slice(0, 200)}`, { hint })
  }
}

async function once(url: string, init: RequestInit, timeoutMs: number): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
  const text = await response.text()
  if (!response.ok) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    throw new Refused(url, response.status, text, Number.isFinite(seconds) ? 1000 * seconds : undefined)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FlagError('invalid-argument', `${url}: the answer is not JSON: ${text.slice(0, 80)}`, { cause })
  }
}

export interface HttpClient {
  get(url: string): Promise<unknown>
  post(url: string, body: unknown): Promise<unknown>
}

/**
 * JSON over HTTP with a limit on requests at once, a time limit on each, and further tries, after doubling waits or the
 * server's `Retry-After`, for what may pass: a lost connection, a time out, overload. Throws `invalid-argument` naming the
 * URL and what the server said.
 */
export function httpClient(options: HttpOptions = {}): HttpClient {
  const { concurrency = 8, retries = 4, backoffMs = 500, timeoutMs = 120_000, headers = {} } = options
  const limited = limiter(concurrency)
  const ask = (url: string, init: RequestInit) =>
    limited(async () => {
      for (let attempt = 0; ; attempt++) {
        try {
          return await once(url, init, timeoutMs)
        } catch (error) {
          const lasting = error instanceof Refused ? !passing.has(error.status) : error instanceof FlagError
          if (lasting) throw error
          if (attempt >= retries) {
            if (error instanceof FlagError) throw error
            const { message, cause } = error as Error
            const why = cause instanceof Error ? cause.message || cause.name : message
            throw new FlagError('invalid-argument', `${url}: no answer after ${attempt + 1} tries: ${why}`, {
              cause: error,
              hint: 'is the server up?',
            })
          }
          const own = error instanceof Refused ? error.retryAfter : undefined
          await delay(own ?? backoffMs * 2 ** attempt)
        }
      }
    })
  return {
    get: (url) => ask(url, { headers }),
    post: (url, body) =>
      ask(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  }
}
