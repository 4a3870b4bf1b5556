import type { Report, Section } from '@flag/report'
import type { Analysis } from './analysis.ts'
import type { TopCounter } from './counter.ts'
import type { NumberSummary } from './summary.ts'

/** A corpus, or one of the two that are compared. */
export interface Part {
  name: string
  analysis: Analysis
}

const SHOWN = 50

/** A description of one corpus, or of two beside each other, for the page of `@flag/report`. */
export function analysisReport(
  title: string,
  parts: readonly Part[],
  warnings: readonly string[] = [],
): Report {
  const numbers = namesOf(parts, ({ numbers }) => [...numbers.keys()])
  const categories = namesOf(parts, ({ grouping }) => grouping.map(([name]) => name))
  return {
    title,
    description:
      parts.length > 1 ? `${parts.map(({ name }) => name).join(' and ')}, beside each other.` : undefined,
    tool: 'flagdata',
    environment: parts.map(({ name, analysis }) => ({
      label: `documents, ${name}`,
      value: analysis.documents,
    })),
    warnings: [...warnings],
    sections: [
      numberTable(parts, numbers),
      ...numbers.flatMap((name) => distribution(parts, name)),
      ...categories.map((name) =>
        counterTable(`Documents by ${name}`, 'Categories', parts, ({ categories }) => categories.get(name)),
      ),
      ...(parts.some(({ analysis }) => analysis.domains.total > 0)
        ? [counterTable('Documents by domain', 'Categories', parts, ({ domains }) => domains)]
        : []),
      ...['words', 'pairs of words', 'triples of words'].map((what, n) =>
        counterTable(`Most frequent ${what}`, 'Words', parts, ({ ngrams }) => ngrams[n]),
      ),
    ],
  }
}

const namesOf = (parts: readonly Part[], names: (analysis: Analysis) => string[]) => [
  ...new Set(parts.flatMap(({ analysis }) => names(analysis))),
]

const quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]

const numberTable = (parts: readonly Part[], names: readonly string[]): Section => ({
  kind: 'table',
  title: 'Measures',
  group: 'Measures',
  description: 'Of each document. Quantiles are within 0.6 % of the value.',
  columns: [
    { type: 'text', label: 'measure' },
    ...(parts.length > 1 ? [{ type: 'text' as const, label: 'of' }] : []),
    { type: 'number', label: 'documents', format: 'integer' },
    { type: 'number', label: 'mean' },
    { type: 'number', label: 'standard deviation' },
    { type: 'number', label: 'least' },
    ...quantiles.map((q) => ({ type: 'number' as const, label: `${100 * q} %` })),
    { type: 'number', label: 'greatest' },
  ],
  rows: names.flatMap((name) =>
    parts.flatMap((part) => {
      const summary = part.analysis.numbers.get(name)
      if (summary === undefined) return []
      const { count, mean, deviation, min, max } = summary
      return [
        [
          name,
          ...(parts.length > 1 ? [part.name] : []),
          ...[count, mean, deviation, min],
          ...quantiles.map((q) => summary.quantile(q)),
          max,
        ],
      ]
    }),
  ),
})

function distribution(parts: readonly Part[], name: string): Section[] {
  const summaries = parts.flatMap((part) => {
    const summary = part.analysis.numbers.get(name)
    return summary && summary.min < summary.max ? [{ name: part.name, summary }] : []
  })
  if (summaries.length === 0) return []
  const logarithmic = summaries.every(({ summary: { min, max } }) => min > 0 && max > 20 * min)
  return [
    {
      kind: 'distribution',
      title: name[0].toUpperCase() + name.slice(1),
      group: 'Measures',
      axis: { label: name, scale: logarithmic ? 'log' : 'linear' },
      series: summaries.map(({ name, summary }) => ({
        name,
        bins: summary.histogram(),
        marks: marksOf(summary),
      })),
    },
  ]
}

const marksOf = (summary: NumberSummary) => [{ name: 'median', value: summary.quantile(0.5) }]

function counterTable(
  title: string,
  group: string,
  parts: readonly Part[],
  counterOf: (analysis: Analysis) => TopCounter | undefined,
): Section {
  const counters = parts.map(({ analysis }) => counterOf(analysis))
  const keys = [...new Set(counters.flatMap((counter) => counter?.top(SHOWN).map(({ key }) => key) ?? []))]
  const counts = counters.map(
    (counter) => new Map(counter?.top(Number.POSITIVE_INFINITY).map(({ key, count }) => [key, count])),
  )
  const bound = Math.max(...counters.map((counter) => counter?.bound ?? 0))
  return {
    kind: 'table',
    title,
    group,
    description: bound > 0 ? `Counts may be up to ${bound} too low.` : undefined,
    columns: [
      { type: 'text', label: 'value' },
      ...parts.flatMap(({ name }) => [
        { type: 'bar' as const, label: parts.length > 1 ? name : 'times', format: 'integer' as const },
        { type: 'number' as const, label: 'share', format: 'percent' as const },
      ]),
    ],
    rows: keys.map((key) => [
      key,
      ...counts.flatMap((count, i) => {
        const times = count.get(key) ?? 0
        return [times, times / Math.max(1, counters[i]?.total ?? 1)]
      }),
    ]),
    sort: { column: 1, descending: true },
  }
}
