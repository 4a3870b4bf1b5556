import type { Section } from '@flag/report'
import { caseTables } from '../caseTables.ts'
import type { CaseRow } from '../schema.ts'
import { tableOf } from './columns.ts'

/** Operators, cold starts, memory over time, energy, training and generation: their tables, and charts where there is a course. */
export function caseSections(cases: readonly CaseRow[]): Section[] {
  return caseTables(cases).flatMap(({ title, header, body, notes }): Section[] => [
    {
      ...tableOf(
        header,
        body.map((row) => row.map(plain)),
      ),
      group: title,
      title,
      ...(notes.length > 0 ? { description: notes.join(' ') } : {}),
    },
    ...cases
      .flatMap((row) => (row.raw && charts[title] ? charts[title](row) : []))
      .map((it) => ({ ...it, group: title })),
  ])
}

/** What Markdown shows in bold: where an operator ran that was asked to run elsewhere. */
const plain = (cell: string) => cell.replace(/^\*\*(.*)\*\*$/, '$1 (not where it was asked to)')

/** By the title of the table that they follow. */
const charts: Readonly<Record<string, (row: CaseRow) => Section[]>> = {
  'Memory over time': ({ name, raw }) =>
    raw?.kind === 'soak' && raw.readings.length > 0
      ? [
          {
            kind: 'timeline',
            title: name,
            axis: { label: 'runs' },
            series: [
              series('resident', 'memory', ({ residentBytes }) => residentBytes),
              series('heap of JavaScript', 'memory', ({ heapBytes }) => heapBytes),
            ].map(({ value, ...rest }) => ({
              ...rest,
              format: 'bytes' as const,
              points: raw.readings.map((reading): [number, number] => [reading.runs, value(reading)]),
            })),
          },
        ]
      : [],
  Training: ({ name, raw }) => {
    if (raw?.kind !== 'train' || raw.stepNs.length === 0) return []
    const losses = raw.losses.flatMap((loss, i): [number, number][] => (loss === null ? [] : [[i + 1, loss]]))
    const metric = raw.target?.metric ?? 'quality'
    return [
      {
        kind: 'timeline',
        title: name,
        axis: { label: 'steps' },
        series: [
          ...(losses.length > 0 ? [{ name: 'loss', label: 'loss', points: losses }] : []),
          ...(raw.evaluations.length > 0
            ? [
                {
                  name: metric,
                  label: metric,
                  points: raw.evaluations.map(({ step, quality }): [number, number] => [step, quality]),
                },
              ]
            : []),
          {
            name: 'time of a step',
            label: 'time of a step',
            unit: 'ms',
            style: 'dots',
            points: raw.stepNs.map((ns, i): [number, number] => [i + 1, ns / 1e6]),
          },
        ],
      },
    ]
  },
  Generation: ({ name, raw }) => {
    if (raw?.kind !== 'generate') return []
    const done = raw.requests.filter(({ error, pieceNs }) => error === undefined && pieceNs.length > 0)
    if (done.length === 0) return []
    return [
      {
        kind: 'distribution',
        title: name,
        description: 'Of requests, from when each was due.',
        axis: { label: 'latency', unit: 'ms' },
        series: [
          { name: 'first token', values: done.map(({ pieceNs, dueNs }) => (pieceNs[0] - dueNs) / 1e6) },
          { name: 'end', values: done.map(({ endNs, dueNs }) => (endNs - dueNs) / 1e6) },
        ],
      },
    ]
  },
}

type Reading = { readonly residentBytes: number; readonly heapBytes: number }
const series = (name: string, label: string, value: (reading: Reading) => number) => ({ name, label, value })
