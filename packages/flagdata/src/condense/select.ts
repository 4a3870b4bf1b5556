import type { DedupKind } from '../dedup/kind.ts'
import type { SelectConfig } from './config.ts'
import { fieldOf, groupOf } from './field.ts'
import { NoteTaker, readFindings, readNotes, valuesByGroup, writeFindings } from './notes.ts'
import { uniform } from './random.ts'

/**
 * The least good value that is kept when so many of the documents are: after DataComp (Gadre et al. 2023) the value at that
 * place of the sorted list. Documents of equal value are all kept, so it may be a few more.
 */
export function thresholdOf(values: readonly number[], keep: SelectConfig['keep'], count: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = Math.min(Math.max(Math.ceil(count), 1), sorted.length) - 1
  return keep === 'highest' ? sorted[sorted.length - 1 - at] : sorted[at]
}

/** Thresholds by group; one group without `per`. */
type Findings = Record<string, number>

/** Keeps the best documents by a number that they carry. Those without it are removed, too. */
export const select: DedupKind<SelectConfig> = {
  collect({ field, per }, folder, piece) {
    const notes = new NoteTaker()
    return {
      add(document) {
        const value = fieldOf(document, field)
        notes.add(typeof value === 'number' ? value : Number.NaN, per ? groupOf(document, per) : '')
      },
      commit: () => notes.commit(folder, piece),
    }
  },
  phases: [
    {
      name: 'threshold',
      items: () => ['all'],
      async run({ keep, fraction, count, limit, pareto }, folder) {
        const findings: Findings = {}
        if (fraction !== undefined || count !== undefined)
          for (const [group, values] of await valuesByGroup(folder))
            findings[group] = thresholdOf(values, keep, count ?? (fraction as number) * values.length)
        await writeFindings(folder, findings)
        return { limit, pareto, thresholds: findings }
      },
    },
  ],
  async decide({ keep, limit, pareto, seed }, folder, piece) {
    const findings = await readFindings<Findings>(folder)
    const { values, groups, names } = await readNotes(folder, piece)
    return (_, number) => {
      const value = values[number]
      if (Number.isNaN(value)) return { reason: 'no_score' }
      if (pareto !== undefined) {
        // NumPy's pareto: (1 - U) ^ (-1 / exponent) - 1.
        const drawn = (1 - uniform(seed, piece, number)) ** (-1 / pareto) - 1
        return drawn > 1 - value ? undefined : { reason: 'low_score', value }
      }
      const threshold = limit ?? findings[names[groups[number]]]
      if (keep === 'highest')
        return value >= threshold ? undefined : { reason: 'low_score', value, limit: threshold }
      return value <= threshold ? undefined : { reason: 'high_score', value, limit: threshold }
    }
  },
}
