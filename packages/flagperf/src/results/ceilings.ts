import { z } from 'zod'
import { type BaseDType, type BaseRaw, baseDTypes, baseNumbers } from './base.ts'

/** What a chip was measured to reach, through the same runtime. */
export const ceilingsSchema = z.object({
  /** 10^9 operations a second of the best product, by element type. */
  compute: z.partialRecord(z.enum(baseDTypes), z.number()),
  /** 10^9 bytes a second of the best pass. */
  bandwidth: z.number(),
  /** Microseconds that a node costs whatever it does. */
  launchUs: z.number(),
  /** Names of the cases that this was measured in. */
  from: z.array(z.string()),
})
export type Ceilings = z.infer<typeof ceilingsSchema>

/** The ceilings that base cases measured; undefined where a product, a pass or the cost of a node is missing. */
export function ceilingsOf(
  rows: readonly { readonly name: string; readonly raw?: { readonly kind: string } }[],
): Ceilings | undefined {
  const compute: Partial<Record<BaseDType, number>> = {}
  let bandwidth = 0
  let launchUs: number | undefined
  const from: string[] = []
  for (const { name, raw } of rows) {
    if (!isBase(raw)) continue
    const { best } = baseNumbers(raw)
    if (best === null) continue
    if (raw.probe === 'gemm') compute[raw.dtype] = Math.max(best, compute[raw.dtype] ?? 0)
    else if (raw.probe === 'memory' || raw.probe === 'memory-add') bandwidth = Math.max(best, bandwidth)
    else if (raw.probe === 'launch') launchUs = Math.min(best, launchUs ?? best)
    else continue
    from.push(name)
  }
  if (compute.float32 === undefined || bandwidth === 0 || launchUs === undefined) return undefined
  return { compute, bandwidth, launchUs, from }
}

const isBase = (raw: { readonly kind: string } | undefined): raw is BaseRaw => raw?.kind === 'base'
