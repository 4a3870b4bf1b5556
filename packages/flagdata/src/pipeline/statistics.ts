/** What one step did. Everything but `seconds` depends on the input alone, never on threads or on a restart. */
export interface StepStatistics {
  name: string
  /** Documents that came in. */
  documents: number
  kept: number
  changed: number
  /** Documents removed, by reason. */
  removed: Record<string, number>
  /** Counters of the step's own, such as lines taken out. */
  counts: Record<string, number>
  seconds: number
}

/** Bad input that was passed over, by kind. */
export interface FaultStatistics {
  count: number
  /** The first places, with what was found there. */
  first: { file: string; offset: number; found: string }[]
}

/** What happened to a piece of the input, or to all of it. */
export interface Statistics {
  documents: number
  kept: number
  /** UTF-8 bytes of the texts read and of the texts kept. */
  bytesIn: number
  bytesOut: number
  steps: StepStatistics[]
  faults: Record<string, FaultStatistics>
  seconds: number
}

/** How many places of a kind of bad input are named; the rest is counted. */
const NAMED_FAULTS = 20

export const emptyStatistics = (steps: readonly string[]): Statistics => ({
  documents: 0,
  kept: 0,
  bytesIn: 0,
  bytesOut: 0,
  steps: steps.map((name) => ({
    name,
    documents: 0,
    kept: 0,
    changed: 0,
    removed: {},
    counts: {},
    seconds: 0,
  })),
  faults: {},
  seconds: 0,
})

function faultOf({ faults }: Statistics, kind: string): FaultStatistics {
  faults[kind] ??= { count: 0, first: [] }
  return faults[kind]
}

export function addFault(
  statistics: Statistics,
  kind: string,
  place: { file: string; offset: number; found: string },
): void {
  const fault = faultOf(statistics, kind)
  fault.count++
  if (fault.first.length < NAMED_FAULTS) fault.first.push(place)
}

/** The sum of the statistics of several pieces, which must come in the order of the input. */
export function mergeStatistics(steps: readonly string[], parts: readonly Statistics[]): Statistics {
  const total = emptyStatistics(steps)
  for (const part of parts) {
    total.documents += part.documents
    total.kept += part.kept
    total.bytesIn += part.bytesIn
    total.bytesOut += part.bytesOut
    total.seconds += part.seconds
    part.steps.forEach((step, i) => {
      const sum = total.steps[i]
      sum.documents += step.documents
      sum.kept += step.kept
      sum.changed += step.changed
      sum.seconds += step.seconds
      addCounts(sum.removed, step.removed)
      addCounts(sum.counts, step.counts)
    })
    for (const [kind, { count, first }] of Object.entries(part.faults)) {
      const fault = faultOf(total, kind)
      fault.count += count
      fault.first.push(...first.slice(0, NAMED_FAULTS - fault.first.length))
    }
  }
  return total
}

function addCounts(sum: Record<string, number>, part: Record<string, number>) {
  for (const [name, count] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + count
}
