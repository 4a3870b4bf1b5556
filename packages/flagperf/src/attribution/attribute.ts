import type { DType } from '@flag/core-tensor'
import type { NamedNode } from './nodes.ts'
import type { ProfiledNode } from './profile.ts'
import { isCounted, noWork, type Work, workOf } from './work.ts'

/** One node of a run: what it did, how long that took, and where. */
export interface NodeShare {
  readonly name: string
  readonly operator: string
  readonly provider: string
  /** Whose clock timed it. */
  readonly clock: 'device' | 'host'
  /** Element type of its first floating-point input, or of its first input. */
  readonly dtype: DType | undefined
  /** Median kernel time, in microseconds; of If, Loop and Scan none, since it is that of the nodes in them. */
  readonly microseconds: number
  /** Share of the kernel time of all nodes. */
  readonly share: number
  readonly work: Work
  /** Rates at the median time, in 10^9 a second. */
  readonly gigaflops: number
  readonly gigabytes: number
}

/** A node that did not run on the provider that was asked for. */
export interface FallbackNode {
  readonly name: string
  readonly operator: string
  readonly provider: string
  readonly share: number
}

export interface Attribution {
  readonly nodes: readonly NodeShare[]
  /** Kernel time of all nodes, in microseconds: the sum of their medians. */
  readonly microseconds: number
  readonly flops: number
  readonly bytes: number
  /** Nodes by operator, the one that took longest first. */
  readonly operators: readonly {
    operator: string
    count: number
    microseconds: number
    share: number
    flops: number
  }[]
  readonly fallbacks: readonly FallbackNode[]
  /** Operators whose operations no rule counts: the rates of their nodes, and the sums, are too low. */
  readonly uncounted: readonly string[]
}

/** The runtime's names of execution providers. */
const providerNames: Readonly<Record<string, string>> = {
  cpu: 'CPUExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  dml: 'DmlExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
}

/** Operators that run sub-graphs, whose nodes are in the profile themselves: their time and work must not count twice. */
const containers = new Set(['If', 'Loop', 'Scan'])

/** Median: of an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Joins the profile of a session with the nodes of the graph that it ran (the optimised one). The shapes are those of
 * the last run; attributes come from the graph. `provider` is the one that was asked for.
 */
export function attribute(
  profile: readonly ProfiledNode[],
  nodes: readonly NamedNode[],
  provider: string,
): Attribution {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const timed = profile.map((node) => {
    const { domain = '', attributes = {} } = byName.get(node.name) ?? {}
    const isContainer = containers.has(node.operator)
    const { operator, inputs, outputs } = node
    const work = isContainer ? noWork : workOf({ operator, domain, attributes, inputs, outputs })
    const isTimed = node.microseconds.length > 0 && !isContainer
    return { node, work, microseconds: isTimed ? median(node.microseconds) : 0 }
  })
  const microseconds = timed.reduce((sum, each) => sum + each.microseconds, 0)
  const shareOf = (time: number) => (microseconds === 0 ? 0 : time / microseconds)
  const rate = (amount: number, time: number) => (time === 0 ? 0 : amount / time / 1000)
  const shares = timed.map(
    ({ node, work, microseconds: time }): NodeShare => ({
      name: node.name,
      operator: node.operator,
      provider: node.provider,
      clock: node.clock ?? 'host',
      dtype: dtypeOf(node),
      microseconds: time,
      share: shareOf(time),
      work,
      gigaflops: rate(work.flops, time),
      gigabytes: rate(work.bytes, time),
    }),
  )
  const wanted = providerNames[provider] ?? provider
  return {
    nodes: shares,
    microseconds,
    flops: shares.reduce((sum, { work }) => sum + work.flops, 0),
    bytes: shares.reduce((sum, { work }) => sum + work.bytes, 0),
    operators: byOperator(shares, shareOf),
    uncounted: [...new Set(shares.map(({ operator }) => operator))].filter((name) => !isCounted(name)),
    fallbacks: shares
      .filter((share) => share.provider !== wanted)
      .map(({ name, operator, provider, share }) => ({ name, operator, provider, share })),
  }
}

function dtypeOf({ inputs, outputs }: ProfiledNode): DType | undefined {
  const types = [...inputs, ...outputs].flatMap((type) => (type ? [type.dtype] : []))
  return types.find((dtype) => dtype.includes('float')) ?? types[0]
}

function byOperator(shares: readonly NodeShare[], shareOf: (time: number) => number) {
  const sums = new Map<string, { count: number; microseconds: number; flops: number }>()
  for (const { operator, microseconds, work } of shares) {
    const sum = sums.get(operator) ?? { count: 0, microseconds: 0, flops: 0 }
    sum.count++
    sum.microseconds += microseconds
    sum.flops += work.flops
    sums.set(operator, sum)
  }
  return [...sums]
    .map(([operator, sum]) => ({ operator, ...sum, share: shareOf(sum.microseconds) }))
    .sort((a, b) => b.microseconds - a.microseconds)
}
