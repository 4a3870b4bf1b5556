import { Generator } from '@flag/core-tensor'
import { normalQuantile } from '@flag/core-tensor/statistics'
import { comparisonNumbers } from '../judge.ts'
import { comparisonPlans } from '../plans.ts'
import type { Block, ComparisonPlan, ComparisonRaw } from '../schema.ts'

/** A machine that does not exist: how its processes differ, and what disturbs them. */
export interface MadeUpMachine {
  /** Standard deviation of the logarithm of a process's own speed. */
  readonly processes: number
  /** Share of processes that are unlucky: their standard deviation is 0.1. */
  readonly unlucky: number
  /** Standard deviation of the logarithm of a round's speed, which all processes share. */
  readonly rounds: number
  /** Standard deviation of the logarithm of a sample. */
  readonly samples: number
  /** Share of samples that are interrupted, and take up to twice as long by the wall. */
  readonly interrupted: number
}

const ROUNDS = 8
const SAMPLES = 4

/** Blocks of a machine on which the second subject takes `ratio` times as long as the first. */
export function madeUpBlocks(
  machine: MadeUpMachine,
  count: number,
  ratio: number,
  random: Generator,
): Block[] {
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32
  const normal = (deviation: number) => (deviation === 0 ? 0 : deviation * normalQuantile(uniform()))
  return Array.from({ length: count }, () => {
    const shared = Array.from({ length: ROUNDS }, () => normal(machine.rounds))
    const processes = (['a', 'b', 'a', 'b'] as const).map((side) => {
      const own = normal(uniform() < machine.unlucky ? 0.1 : machine.processes)
      const cpuNs = shared.map((round) =>
        Array.from({ length: SAMPLES }, () => {
          const time = 500_000 * (side === 'b' ? ratio : 1)
          return Math.round(time * Math.exp(own + round + normal(machine.samples)))
        }),
      )
      const wallNs = cpuNs.map((samples) =>
        samples.map((ns) => Math.round(uniform() < machine.interrupted ? ns * (1 + uniform()) : ns)),
      )
      return { side, openNs: 1e7, firstRunNs: 1e6, wallNs, cpuNs }
    })
    return { runsPerSample: 1, pinned: false, processes }
  })
}

/** A comparison of blocks that nothing measured. */
export function madeUpComparison(blocks: Block[], plan: Partial<ComparisonPlan> = {}): ComparisonRaw {
  const subject = { name: 'made-up', kind: 'model', options: {} } as const
  return {
    kind: 'comparison',
    plan: { ...comparisonPlans.quick, ...plan },
    a: subject,
    b: subject,
    singleThreaded: true,
    blocks,
    agreement: { a: [], b: [], between: [] },
  }
}

/** The share of comparisons that call the two different, in the direction of the ratio if there is one. */
export function shareOfDifferences(
  machine: MadeUpMachine,
  comparisons: number,
  ratio: number,
  plan: Partial<ComparisonPlan> = {},
): number {
  const random = new Generator(1)
  const most = Math.max(...(plan.looks ?? comparisonPlans.quick.looks))
  let found = 0
  for (let i = 0; i < comparisons; i++) {
    const blocks = madeUpBlocks(machine, most, ratio, random)
    const { verdict } = comparisonNumbers(madeUpComparison(blocks, plan))
    if (ratio === 1 ? verdict !== 'no difference found' : verdict === 'slower') found++
  }
  return found / comparisons
}
