import type { DedupKind } from '../dedup/kind.ts'
import type { BalanceConfig } from './config.ts'
import { groupOf } from './field.ts'
import { NoteTaker, readFindings, readNotes, valuesByGroup, writeFindings } from './notes.ts'
import { uniform } from './random.ts'

/**
 * How many documents of each group are kept: in proportion to the size to the power, never more than there are; what a
 * group cannot give is divided over the others.
 *
 * @returns a number per group, which sum to at most `total`, rounding apart
 */
export function quotas(sizes: readonly number[], total: number, power: number): number[] {
  const result = sizes.map(() => 0)
  let open = sizes.map((_, i) => i)
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  )
  while (open.length > 0) {
    const weight = open.reduce((sum, i) => sum + sizes[i] ** power, 0)
    const share = (i: number) => (left * sizes[i] ** power) / weight
    const full = open.filter((i) => share(i) >= sizes[i])
    if (full.length === 0) {
      for (const i of open) result[i] = Math.round(share(i))
      break
    }
    for (const i of full) {
      result[i] = sizes[i]
      left -= sizes[i]
    }
    open = open.filter((i) => !full.includes(i))
  }
  return result
}

/** The draw up to which documents of a group are kept, and the group's size. */
type Findings = Record<string, { limit: number; size: number; kept: number }>

/** Keeps a random part of each group, so that large groups do not dominate. */
export const balance: DedupKind<BalanceConfig> = {
  collect({ field, seed }, folder, piece) {
    const notes = new NoteTaker()
    return {
      add: (document, number) => notes.add(uniform(seed, piece, number), groupOf(document, field)),
      commit: () => notes.commit(folder, piece),
    }
  },
  phases: [
    {
      name: 'quotas',
      items: () => ['all'],
      async run({ most, fraction, power }, folder) {
        const groups = [...(await valuesByGroup(folder))]
        const sizes = groups.map(([, draws]) => draws.length)
        const documents = sizes.reduce((sum, size) => sum + size, 0)
        const keep =
          most === undefined
            ? quotas(sizes, (fraction as number) * documents, power)
            : sizes.map((size) => Math.min(size, most))
        const findings: Findings = {}
        groups.forEach(([name, draws], i) => {
          // Two draws of 53 bits are hardly ever equal; if they are, both are kept.
          const limit = keep[i] === 0 ? -1 : Float64Array.from(draws).sort()[keep[i] - 1]
          findings[name] = { limit, size: sizes[i], kept: keep[i] }
        })
        await writeFindings(folder, findings)
        return { groups: groups.length, kept: keep.reduce((sum, count) => sum + count, 0) }
      },
    },
  ],
  async decide(_, folder, piece) {
    const findings = await readFindings<Findings>(folder)
    const { values, groups, names } = await readNotes(folder, piece)
    return (_, number) => {
      const { limit, size, kept } = findings[names[groups[number]]]
      return values[number] <= limit ? undefined : { reason: 'group_full', value: size, limit: kept }
    }
  },
}
