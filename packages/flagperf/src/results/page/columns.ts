import type { Column } from '@flag/report'

export const text = (label: string): Column => ({ type: 'text', label })
export const code = (label: string): Column => ({ type: 'code', label })
export const numeric = (label: string, unit?: string): Column => ({
  type: 'number',
  label,
  ...(unit && { unit }),
})

const NUMBER = /^-?\d+(\.\d+)?$/

/** A table of Markdown's cells: a column of numbers, where all of it is, with nothing for a dash. */
export function tableOf(header: readonly string[], body: readonly (readonly string[])[]) {
  const isNumber = header.map(
    (_, i) =>
      body.some((row) => NUMBER.test(row[i])) && body.every((row) => row[i] === '–' || NUMBER.test(row[i])),
  )
  return {
    kind: 'table' as const,
    columns: header.map((label, i) => (isNumber[i] ? numeric(label) : text(label))),
    rows: body.map((row) => row.map((cell, i) => (!isNumber[i] ? cell : cell === '–' ? null : Number(cell)))),
  }
}
