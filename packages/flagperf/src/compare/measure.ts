import type { Generator } from '@flag/core-tensor'
import { pinToOneCore } from './pin.ts'
import type { Block, ComparisonPlan, ProcessRecord } from './schema.ts'
import type { PreparedSubject } from './subject.ts'
import { SubjectProcess } from './subjectProcess.ts'

/** Runs longer than this are not made faster by a run before them that is not counted. */
const COLD_RUN_MS = 10
/** The clock of the processor counts microseconds: a sample lasts at least this long. */
const SAMPLE_MS = 0.2
/** The least rounds of a block, however long a run takes. */
const LEAST_ROUNDS = 5

/** The four processes of a block, as the result lists them. */
const sides = ['a', 'b', 'a', 'b'] as const

/**
 * Measures a block: two fresh processes of each subject take turns in rounds. In a round each has one burst of runs,
 * in an order drawn anew, while the others wait; so whatever the machine does meanwhile happens to all of them. They are
 * started in random order too, and held on one core where they compute in one thread: the system gives cores away in the
 * order of starting, and cores are not equally fast.
 */
export async function measureBlock(
  subjects: Readonly<Record<'a' | 'b', PreparedSubject>>,
  plan: ComparisonPlan,
  random: Generator,
  timeLimitMs: number,
): Promise<Block> {
  const processes: SubjectProcess[] = []
  for (const i of shuffled(sides.length, random))
    processes[i] = new SubjectProcess(subjects[sides[i]], timeLimitMs)
  try {
    const opened = await Promise.all(processes.map((each, i) => each.call('open', subjects[sides[i]].open)))
    const warm = { milliseconds: plan.warmUpMs, runs: MOST_WARM_UPS }
    const latest = await Promise.all(processes.map((each) => each.call('warmUp', warm)))
    const isPinned =
      subjects.a.singleThreaded &&
      subjects.b.singleThreaded &&
      (await pinToOneCore(processes.map(({ pid }) => pid)))
    // The same for both subjects, so that the fastest of a burst means the same.
    const runMs = Math.max(...latest.map((times) => Math.min(...times))) / 1e6
    const runs = Math.max(1, Math.ceil(SAMPLE_MS / runMs))
    const samples = Math.max(1, Math.round(plan.burstMs / (runs * runMs)))
    const uncounted = runMs < COLD_RUN_MS ? runs : 0
    const roundMs = sides.length * (samples * runs + uncounted) * runMs
    const rounds = Math.min(plan.rounds, Math.max(LEAST_ROUNDS, Math.floor(plan.blockMs / roundMs)))
    const records = sides.map((side, i): ProcessRecord => ({ side, ...opened[i], wallNs: [], cpuNs: [] }))
    for (let round = 0; round < rounds; round++)
      for (const i of shuffled(sides.length, random)) {
        const { wallNs, cpuNs } = await processes[i].call('burst', { uncounted, samples, runs })
        records[i].wallNs.push(wallNs)
        records[i].cpuNs.push(cpuNs)
      }
    await Promise.all(processes.map((each) => each.call('close', {})))
    return { runsPerSample: runs, pinned: isPinned, processes: records }
  } finally {
    for (const each of processes) each.stop()
  }
}

const MOST_WARM_UPS = 1000

/** The numbers up to n in random order (Fisher and Yates). */
function shuffled(n: number, random: Generator): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = random.uint32() % (i + 1)
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}
