import { z } from 'zod'
import { median } from '../attribution/attribute.ts'
import { agreementSchema } from '../compare/schema.ts'
import { attributionOf, profiledNodeSchema } from './profile.ts'

/** What was measured of one operator. */
export const opRaw = z.object({
  kind: z.literal('op'),
  /** The provider that was asked for. */
  provider: z.string(),
  openNs: z.number(),
  /** The first call: kernels are chosen and shaders compiled in it. */
  firstRunNs: z.number(),
  /** Later calls, inputs sent and results fetched. */
  timesNs: z.array(z.number()),
  /** The nodes of the operator, alone: not those that make its result small. */
  profile: z.array(profiledNodeSchema),
  /** How far its results are from the CPU's; not there on the CPU. */
  agreement: z.array(agreementSchema).optional(),
})
export type OpRaw = z.infer<typeof opRaw>

/** What follows from the runs of an operator. Rates are of kernel time; `null` where that is below the clock's step. */
export interface OpNumbers {
  readonly firstMs: number
  readonly callUs: number
  readonly bestCallUs: number
  readonly kernelUs: number | null
  readonly callsPerSecond: number
  readonly flops: number
  readonly bytes: number
  readonly gigaflops: number | null
  readonly gigabytes: number | null
  /** Where it ran, by the runtime's names. */
  readonly providers: readonly string[]
  readonly fellBack: boolean
  /** Largest difference from the CPU's result, relative to the largest element of that result; `null`: not finite. */
  readonly relativeError?: number | null
  /** Operators whose operations no rule counts. */
  readonly uncounted: readonly string[]
}

/** Computes what a report shows of an operator. */
export function opNumbers(raw: OpRaw): OpNumbers {
  const { microseconds, flops, bytes, fallbacks, nodes, uncounted } = attributionOf(raw.profile, raw.provider)
  const call = median(raw.timesNs) / 1000
  const rate = (amount: number) => (microseconds === 0 ? null : amount / microseconds / 1000)
  return {
    firstMs: raw.firstRunNs / 1e6,
    callUs: call,
    bestCallUs: Math.min(...raw.timesNs) / 1000,
    kernelUs: microseconds === 0 ? null : microseconds,
    callsPerSecond: 1e6 / call,
    flops,
    bytes,
    gigaflops: uncounted.length > 0 ? null : rate(flops),
    gigabytes: rate(bytes),
    providers: [...new Set(nodes.map(({ provider }) => provider))],
    fellBack: fallbacks.length > 0,
    ...relativeErrorOf(raw.agreement),
    uncounted,
  }
}

function relativeErrorOf(agreement: OpRaw['agreement'] = []): Pick<OpNumbers, 'relativeError'> {
  const errors = agreement.filter(({ elements }) => elements > 0).map(({ maxRel }) => maxRel)
  if (errors.length === 0) return {}
  return { relativeError: errors.includes(null) ? null : Math.max(...errors.map(Number)) }
}
