import { nearestRank, sorted } from '@flag/core-tensor/statistics'
import { z } from 'zod'

/** Latencies that a request has to keep to count as good, in milliseconds. */
const limits = z.object({ ttftMs: z.number().optional(), tpotMs: z.number().optional() })
export type GenerateLimits = z.infer<typeof limits>

/** What was measured of a generator of text. Times are nanoseconds since the load began. */
export const generateRaw = z.object({
  kind: z.literal('generate'),
  target: z.string(),
  limits,
  requests: z.array(
    z.object({
      /** When it should have been sent; latencies count from here. */
      dueNs: z.number(),
      sentNs: z.number(),
      /** When each piece of the answer came. */
      pieceNs: z.array(z.number()),
      endNs: z.number(),
      /** Tokens of the answer: what the server says, else the pieces. */
      tokens: z.number(),
      error: z.string().optional(),
    }),
  ),
})
export type GenerateRaw = z.infer<typeof generateRaw>

/** Percentiles in milliseconds, as elements of the sorted list; `null` without any. */
export type Percentiles = { readonly p50: number; readonly p90: number; readonly p99: number } | null

export interface GenerateNumbers {
  readonly requests: number
  readonly failed: number
  readonly seconds: number
  /** Time to the first token, between tokens, per token after the first (MLPerf's TPOT), to the end. */
  readonly ttftMs: Percentiles
  readonly itlMs: Percentiles
  readonly tpotMs: Percentiles
  readonly endToEndMs: Percentiles
  readonly tokensPerSecond: number
  readonly requestsPerSecond: number
  /** Requests a second that kept all limits. */
  readonly goodput: number
  readonly errors: Readonly<Record<string, number>>
}

function percentiles(nanoseconds: readonly number[]): Percentiles {
  if (nanoseconds.length === 0) return null
  const rising = sorted(nanoseconds)
  const at = (p: number) => nearestRank(rising, p) / 1e6
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}

/** Computes what a report shows of a generator. */
export function generateNumbers({ requests, limits }: GenerateRaw): GenerateNumbers {
  const done = requests.filter(({ error, pieceNs }) => error === undefined && pieceNs.length > 0)
  const ttft = (request: (typeof done)[number]) => request.pieceNs[0] - request.dueNs
  // One token has no time per token after the first.
  const tpot = ({ pieceNs, tokens }: (typeof done)[number]) =>
    tokens < 2 ? undefined : (pieceNs[pieceNs.length - 1] - pieceNs[0]) / (tokens - 1)
  const seconds = requests.length === 0 ? 0 : Math.max(...requests.map(({ endNs }) => endNs)) / 1e9
  const perSecond = (count: number) => (seconds === 0 ? 0 : count / seconds)
  const isGood = (request: (typeof done)[number]) =>
    ttft(request) <= (limits.ttftMs ?? Number.POSITIVE_INFINITY) * 1e6 &&
    (tpot(request) ?? 0) <= (limits.tpotMs ?? Number.POSITIVE_INFINITY) * 1e6
  const errors: Record<string, number> = {}
  for (const { error } of requests) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1
  return {
    requests: requests.length,
    failed: requests.length - done.length,
    seconds,
    ttftMs: percentiles(done.map(ttft)),
    itlMs: percentiles(done.flatMap(({ pieceNs }) => pieceNs.slice(1).map((at, i) => at - pieceNs[i]))),
    tpotMs: percentiles(done.map(tpot).filter((value) => value !== undefined)),
    endToEndMs: percentiles(done.map(({ endNs, dueNs }) => endNs - dueNs)),
    tokensPerSecond: perSecond(done.reduce((sum, { tokens }) => sum + tokens, 0)),
    requestsPerSecond: perSecond(done.length),
    goodput: perSecond(done.filter(isGood).length),
    errors,
  }
}
