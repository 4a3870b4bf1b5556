import type { Section, Tone } from '@flag/report'
import { type ComparisonNumbers, comparisonNumbers, type Verdict } from '../../compare/judge.ts'
import { comparisonParts } from '../../compare/markdown.ts'
import type { ComparisonRaw } from '../../compare/schema.ts'
import type { CaseRow } from '../schema.ts'

const group = 'Comparisons'
const tones: Readonly<Record<Verdict, Tone>> = {
  faster: 'good',
  slower: 'bad',
  'no difference found': 'neutral',
}

interface Compared {
  readonly name: string
  readonly raw: ComparisonRaw
  readonly numbers: ComparisonNumbers
}

/** Ratios with their intervals beside the noise floor, and the times that they come from. */
export function comparisonSections(cases: readonly CaseRow[]): Section[] {
  const all = cases.flatMap(({ name, raw }): Compared[] =>
    raw?.kind === 'comparison' ? [{ name, raw, numbers: comparisonNumbers(raw) }] : [],
  )
  if (all.length === 0) return []
  const floor = Math.max(...all.map(({ numbers }) => numbers.noiseFloor))
  return [
    {
      kind: 'comparison',
      group,
      title: 'Time of the second as a multiple of the first',
      description:
        'Of pairs of processes that took turns. Shaded: what the subjects beside themselves seemed to differ by in the ' +
        'same session, at most; a verdict needs an interval that excludes 1 and a ratio beyond that.',
      axis: { label: 'second / first' },
      reference: 1,
      noise: { low: 1 / (1 + floor), high: 1 + floor },
      better: 'lower',
      estimates: all.map(({ name, raw, numbers }) => ({
        name,
        value: numbers.ratio,
        low: numbers.low,
        high: numbers.high,
        verdict: { tone: tones[numbers.verdict], label: numbers.verdict },
        facts: comparisonParts(raw, numbers).rows.map(([label, value]) => ({ label, value })),
      })),
    },
    ...all.flatMap(timesOf),
  ]
}

/** The fastest run of every burst: what the ratio is of. */
function timesOf({ name, raw, numbers }: Compared): Section[] {
  const times = (side: 'a' | 'b') =>
    raw.blocks.flatMap(({ processes }) =>
      processes
        .filter((each) => each.side === side)
        .flatMap(({ wallNs, cpuNs }) => (numbers.clock === 'wall' ? wallNs : cpuNs))
        .map((burst) => Math.min(...burst) / 1e6),
    )
  return [
    {
      kind: 'distribution',
      group,
      title: name,
      description: `The fastest run of every burst, by ${numbers.clock === 'wall' ? 'the wall clock' : "the processor's time"}.`,
      axis: { label: 'time of a run', unit: 'ms' },
      series: [
        { name: `first: ${raw.a.name}`, values: times('a'), marks: [{ name: 'median', value: numbers.aMs }] },
        {
          name: `second: ${raw.b.name}`,
          values: times('b'),
          marks: [{ name: 'median', value: numbers.bMs }],
        },
      ],
    },
  ]
}
