import type { Attribution, NodeShare } from '../attribution/attribute.ts'
import type { BaseDType } from './base.ts'
import type { Ceilings } from './ceilings.ts'

/** What keeps a node from being faster: its operations, its bytes, or that it is a node at all. */
export type Bound = 'compute' | 'memory' | 'launch'

/** A node under the roof (Williams, Waterman and Patterson 2009). */
export interface RooflinePoint {
  readonly name: string
  readonly operator: string
  readonly dtype: BaseDType
  readonly share: number
  /** Operations for every byte; `null` without bytes. */
  readonly intensity: number | null
  /** 10^9 operations a second; of a node without operations 10^9 bytes are told by `gigabytes`. */
  readonly gigaflops: number
  readonly gigabytes: number
  /** The least time that the ceilings allow, in microseconds. */
  readonly idealUs: number
  readonly boundBy: Bound
  /** Ideal by real time. Above 1 where data stayed in caches, which counted bytes do not know. */
  readonly efficiency: number | null
}

/** Where a model is under its chip's roof. */
export interface Roofline {
  readonly points: readonly RooflinePoint[]
  /** Operations for every byte above which products and not memory are the limit, in fp32. */
  readonly ridge: number
  /** Operations by kernel time, of what the best fp32 product reaches: model FLOPs utilisation of the measured ceiling. */
  readonly mfu: number | null
  /** Sum of ideal by sum of real times. */
  readonly efficiency: number | null
  /** Shares of kernel time by what bounds it. */
  readonly bounds: Readonly<Record<Bound, number>>
}

/** Type that a node computes in: of quantised operators that of the factors. */
function dtypeOf({ operator, dtype }: NodeShare): BaseDType {
  if (operator === 'MatMulNBits') return 'int4'
  if (/Integer|^QLinear|^DynamicQuantize/.test(operator)) return 'int8'
  return dtype === 'float16' ? 'float16' : 'float32'
}

/** Puts the nodes of a model under the ceilings of the chip. */
export function roofline({ nodes, flops, microseconds }: Attribution, ceilings: Ceilings): Roofline {
  const fp32 = ceilings.compute.float32 ?? 0
  const points = nodes
    .filter((node) => node.microseconds > 0)
    .map((node): RooflinePoint => {
      const dtype = dtypeOf(node)
      const { work } = node
      // 10^9 a second is 10^3 a microsecond.
      const computeUs = work.flops / (ceilings.compute[dtype] ?? fp32) / 1000
      const memoryUs = work.bytes / ceilings.bandwidth / 1000
      // A device's clock starts when the node runs: what the host takes to launch it is not in its time.
      const launchUs = node.clock === 'device' ? 0 : ceilings.launchUs
      const idealUs = Math.max(computeUs, memoryUs, launchUs)
      return {
        name: node.name,
        operator: node.operator,
        dtype,
        share: node.share,
        intensity: work.bytes === 0 ? null : work.flops / work.bytes,
        gigaflops: node.gigaflops,
        gigabytes: node.gigabytes,
        idealUs,
        boundBy: idealUs === computeUs ? 'compute' : idealUs === memoryUs ? 'memory' : 'launch',
        efficiency: idealUs / node.microseconds,
      }
    })
  const bounds = { compute: 0, memory: 0, launch: 0 }
  for (const { boundBy, share } of points) bounds[boundBy] += share
  const ideal = points.reduce((sum, { idealUs }) => sum + idealUs, 0)
  return {
    points,
    ridge: fp32 / ceilings.bandwidth,
    mfu: microseconds === 0 ? null : flops / microseconds / 1000 / fp32,
    efficiency: microseconds === 0 ? null : ideal / microseconds,
    bounds,
  }
}
