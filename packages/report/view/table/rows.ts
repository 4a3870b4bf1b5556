import type { Cell, Column } from '../../src/contract.ts'
import { formatCell, isEstimate } from '../format.ts'

export type Row = readonly Cell[]
export interface Order {
  readonly column: number
  readonly descending: boolean
}

const numberOf = (cell: Cell) => (isEstimate(cell) ? cell.value : typeof cell === 'number' ? cell : undefined)
const collator = new Intl.Collator('en', { numeric: true })

/** Places of the rows in an order: numbers by value, texts as people sort them, nothing at all always last. */
export function sorted(
  rows: readonly Row[],
  places: readonly number[],
  { column, descending }: Order,
): number[] {
  const sign = descending ? -1 : 1
  return [...places].sort((i, j) => {
    const [a, b] = [rows[i][column], rows[j][column]]
    if (a === null || b === null) return a === b ? i - j : a === null ? 1 : -1
    const [x, y] = [numberOf(a), numberOf(b)]
    const order = x !== undefined && y !== undefined ? x - y : collator.compare(formatCell(a), formatCell(b))
    return order === 0 ? i - j : sign * order
  })
}

/** A row as the filter sees it: numbers with all their digits. */
export const searchText = (row: Row) =>
  row
    .map((cell) => (typeof cell === 'number' ? `${cell}` : formatCell(cell)))
    .join('\n')
    .toLowerCase()

type Test = (row: Row, text: string) => boolean

const relations: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
}

/** Words, all of which a row has to contain; `ms>5` compares the column whose name begins so. */
export function parseQuery(query: string, columns: readonly Column[]): Test {
  const tests = query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word): Test => {
      const [, name, relation, limit] = /^(.+?)(<=|>=|<|>|=)(-?\d*\.?\d+)$/.exec(word) ?? []
      const at = name === undefined ? -1 : columns.findIndex(({ label }) => nameOf(label).startsWith(name))
      if (at < 0) return (_, text) => text.includes(word)
      return (row) => {
        const value = numberOf(row[at])
        return value !== undefined && relations[relation](value, Number(limit))
      }
    })
  return (row, text) => tests.every((test) => test(row, text))
}

const nameOf = (label: string) => label.toLowerCase().replaceAll(/\s+/g, '')

/** Columns of few different texts can be chosen from a list. */
export function choicesOf(columns: readonly Column[], rows: readonly Row[]): Map<number, string[]> {
  const choices = new Map<number, string[]>()
  columns.forEach(({ type }, i) => {
    if (type !== 'text' && type !== 'boolean') return
    const seen = new Set<string>()
    for (const row of rows) {
      seen.add(formatCell(row[i]))
      if (seen.size > 20) return
    }
    if (seen.size > 1 && seen.size < rows.length) choices.set(i, [...seen].sort(collator.compare))
  })
  return choices
}
