import type { Report, Sample, Section, SectionOf } from '@flag/report'
import { diffWordsWithSpace } from 'diff'
import type { StepStatistics } from '../pipeline/statistics.ts'
import { type Changed, type Removed, sampleByReason, sampleChanged } from './inspect.ts'
import { readStatus, type Status } from './status.ts'

/** Characters of a text that the page shows. */
const SHOWN = 4000

/**
 * A run as a report for the page of `@flag/report`: what every step removed and why, bad input, and of every reason up to
 * `count` removed documents, chosen at random. Throws `not-found` if no run wrote to the folder.
 */
export async function pageOf(
  output: string,
  { count, seed }: { count: number; seed: number },
): Promise<Report> {
  const status = await readStatus(output)
  const removed = await sampleByReason(output, { count, seed })
  const changed = await sampleChanged(output, { count, seed })
  const { statistics, complete, phases } = status
  const pieces = phases[0]
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  return {
    title: `Cleaning into ${output}`,
    description: 'What came in, what each step removed and why, and some of what was removed.',
    tool: 'flagdata',
    environment: [
      { label: 'documents in', value: statistics.documents },
      { label: 'documents out', value: statistics.kept },
      { label: 'text in', value: megabytes(statistics.bytesIn) },
      { label: 'text out', value: megabytes(statistics.bytesOut) },
      { label: 'pieces', value: `${pieces.done} of ${pieces.total}` },
    ],
    warnings: [
      ...(complete ? [] : [`The run is not complete: ${pieces.done} of ${pieces.total} pieces are done.`]),
      ...Object.entries(statistics.faults).map(([kind, { count: n }]) => `Bad input: ${kind}, ${n} times.`),
    ],
    sections: [
      funnelOf(status),
      timeTable(statistics.steps),
      ...countsTable(statistics.steps),
      ...faultTable(status),
      ...sampleSection(removed, status),
      ...changedSection(changed, status),
    ],
  }
}

function funnelOf({ statistics }: Status): SectionOf<'funnel'> {
  const stages = statistics.steps.map(({ name, kept, changed, removed }) => ({
    name,
    output: kept,
    removed: reasonsOf(removed),
    ...(changed > 0 && { changed }),
  }))
  return {
    kind: 'funnel',
    title: 'Documents',
    unit: 'documents',
    input: statistics.documents,
    stages,
  }
}

const reasonsOf = (removed: Readonly<Record<string, number>>) =>
  Object.entries(removed)
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count)

const timeTable = (steps: readonly StepStatistics[]): Section => ({
  kind: 'table',
  title: 'Steps',
  description: 'Seconds are those of all workers together.',
  columns: [
    { type: 'text', label: 'step' },
    { type: 'number', label: 'documents in', format: 'integer' },
    { type: 'number', label: 'kept', format: 'integer' },
    { type: 'number', label: 'changed', format: 'integer' },
    { type: 'bar', label: 'time', unit: 's' },
    { type: 'number', label: 'time of a document', unit: 'µs' },
  ],
  rows: steps.map(({ name, documents, kept, changed, seconds }) => [
    name,
    documents,
    kept,
    changed,
    seconds,
    documents === 0 ? null : (1e6 * seconds) / documents,
  ]),
})

/** What steps count besides documents, such as lines taken out. */
function countsTable(steps: readonly StepStatistics[]): Section[] {
  const rows = steps.flatMap(({ name, counts }) => Object.entries(counts).map(([what, n]) => [name, what, n]))
  if (rows.length === 0) return []
  return [
    {
      kind: 'table',
      title: 'Inside documents',
      columns: [
        { type: 'text', label: 'step' },
        { type: 'code', label: 'what' },
        { type: 'bar', label: 'times', format: 'integer' },
      ],
      rows,
      sort: { column: 2, descending: true },
    },
  ]
}

function faultTable({ statistics: { faults } }: Status): Section[] {
  const rows = Object.entries(faults).flatMap(([kind, { first }]) =>
    first.map(({ file, offset, found }) => [kind, file, offset, found]),
  )
  if (rows.length === 0) return []
  return [
    {
      kind: 'table',
      title: 'Bad input',
      description: 'The first places of each kind.',
      columns: [
        { type: 'text', label: 'kind' },
        { type: 'code', label: 'file' },
        { type: 'number', label: 'byte', format: 'integer' },
        { type: 'text', label: 'found' },
      ],
      rows,
    },
  ]
}

function sampleSection(removed: readonly Removed[], { statistics }: Status): Section[] {
  if (removed.length === 0) return []
  const total = statistics.documents - statistics.kept
  return [
    {
      kind: 'samples',
      title: 'Removed documents',
      description:
        'Of every reason the same number, chosen at random; texts as they were when they were removed.',
      samples: removed.map(sampleOf),
      total: Math.max(total, removed.length),
    },
  ]
}

function sampleOf(
  { removed: { step, reason, value, limit }, id, text, metadata }: Removed,
  i: number,
): Sample {
  const measured = [
    ...(value === undefined ? [] : [{ label: reason === 'minhash_duplicate' ? 'cluster' : 'value', value }]),
    ...(limit === undefined ? [] : [{ label: 'limit', value: limit }]),
  ]
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text
  const language = typeof metadata.language === 'string' ? metadata.language : undefined
  return {
    id: `${i} ${id}`,
    title: text.slice(0, 120).replaceAll(/\s+/g, ' ').trim() || id,
    outcome: { tone: 'bad', label: reason },
    problem: `${step}: ${reason}${value !== undefined && limit !== undefined ? ` (${Number(value.toPrecision(4))}, limit ${limit})` : ''}`,
    facets: { step, ...(language !== undefined && { language }) },
    texts: [{ label: 'text', text: shown }],
    facts: [
      { label: 'id', value: id },
      ...measured,
      { label: 'characters', value: text.length },
      ...Object.entries(metadata)
        .filter(([, it]) => typeof it === 'string' || typeof it === 'number')
        .map(([label, it]) => ({ label, value: it as string | number })),
    ],
  }
}

/** Words that may differ before two texts are shown beside each other instead of as one. */
const MOST_EDITS = 1500

function changedSection(changed: readonly Changed[], { statistics }: Status): Section[] {
  if (changed.length === 0) return []
  return [
    {
      kind: 'samples',
      title: 'Changed documents',
      description: 'Documents that were kept with another text: what steps took out and what they put in.',
      samples: changed.map(changedSample),
      total: Math.max(changed.length, ...statistics.steps.map(({ changed }) => changed)),
    },
  ]
}

function changedSample({ changed: { steps }, id, before, text, metadata }: Changed, i: number): Sample {
  const spans = diffWordsWithSpace(before.slice(0, SHOWN), text.slice(0, SHOWN), {
    maxEditLength: MOST_EDITS,
  })
  const language = typeof metadata.language === 'string' ? metadata.language : undefined
  return {
    id: `${i} ${id}`,
    title: text.slice(0, 120).replaceAll(/\s+/g, ' ').trim() || id,
    outcome: { tone: 'warning', label: steps.join(', ') },
    facets: { step: steps.join(', '), ...(language !== undefined && { language }) },
    ...(spans
      ? {
          diffs: [
            {
              label: 'text',
              spans: spans.map(({ value, added, removed }) => ({
                kind: added ? ('added' as const) : removed ? ('removed' as const) : ('kept' as const),
                text: value,
              })),
            },
          ],
        }
      : {
          texts: [
            { label: 'before', text: before.slice(0, SHOWN) },
            { label: 'after', text: text.slice(0, SHOWN) },
          ],
        }),
    facts: [
      { label: 'id', value: id },
      { label: 'characters before', value: before.length },
      { label: 'characters after', value: text.length },
    ],
  }
}
