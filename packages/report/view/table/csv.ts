import type { Cell, Column } from '../../src/contract.ts'
import { isEstimate, labelOf } from '../format.ts'
import type { Row } from './rows.ts'

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const cellsOf = (cell: Cell, wide: boolean): string[] => {
  if (isEstimate(cell)) return [cell.value, cell.low, cell.high].map(String)
  const text = cell === null ? '' : String(cell)
  return wide ? [text, '', ''] : [text]
}

/** RFC 4180, numbers in full; an estimate takes three columns. */
export function toCsv(columns: readonly Column[], rows: readonly Row[]): string {
  const wide = columns.map((_, i) => rows.some((row) => isEstimate(row[i])))
  const head = columns.flatMap((column, i) => {
    const label = labelOf(column)
    return wide[i] ? [label, `${label} low`, `${label} high`] : [label]
  })
  const lines = rows.map((row) => row.flatMap((cell, i) => cellsOf(cell, wide[i])))
  return [head, ...lines].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('')
}

export function download(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
