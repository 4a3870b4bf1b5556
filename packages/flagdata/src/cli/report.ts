import { columns, printable } from '@flag/core-tensor/terminal'
import { diffLines } from 'diff'
import type { Summary } from '../executors/phases.ts'
import type { Statistics } from '../pipeline/statistics.ts'
import type { Changed } from './inspect.ts'

const percent = (part: number, whole: number) => (whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`)

/** What each step removed, by reason, as a table; `in` and `kept` count documents. */
export function funnel({ documents, steps }: Statistics): string {
  const rows = [['step', 'in', 'kept', 'removed', 'of all']]
  for (const step of steps) {
    const removed = step.documents - step.kept
    rows.push([
      step.name,
      String(step.documents),
      String(step.kept),
      String(removed),
      percent(removed, documents),
    ])
    const reasons = Object.entries(step.removed).sort(([, a], [, b]) => b - a)
    for (const [reason, count] of reasons)
      rows.push([`  ${reason}`, '', '', String(count), percent(count, documents)])
  }
  return columns(rows, (i) => i > 0)
}

/** Bad input by kind, with the first places. */
export function faultLines({ faults }: Pick<Statistics, 'faults'>, places = 3): string[] {
  return Object.entries(faults).flatMap(([kind, { count, first }]) => [
    `${kind}: ${count}`,
    ...first.slice(0, places).map(({ file, offset, found }) => `  ${file}, byte ${offset}: ${found}`),
  ])
}

/** A run in lines for people. */
export function describeSummary(
  { statistics, written, pieces, resumed = 0 }: Summary & { resumed?: number },
  output: string,
): string {
  const lines = [funnel(statistics)]
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const { documents, bytesIn, bytesOut } = statistics
  // Files that a step makes text of have none before.
  const size = bytesIn > 0 ? `${megabytes(bytesOut)} of ${megabytes(bytesIn)}` : megabytes(bytesOut)
  lines.push(`${written} of ${documents} documents (${size}) in ${output}`)
  if (resumed > 0) lines.push(`${resumed} of ${pieces} pieces were done by an earlier run`)
  return `${lines.join('\n')}\n`
}

/** A changed document line by line, as `diff -u` shows it: what was taken out with -, what was put in with +. */
export function describeChange({ changed, id, before, text }: Changed, characters: number): string {
  const patch = diffLines(before.slice(0, characters), text.slice(0, characters))
  const lines = patch.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${added ? '+' : removed ? '-' : ' '}${printable(line)}\n`),
  )
  return `── ${printable(id)} · ${changed.steps.join(', ')}\n${lines.join('')}\n`
}
