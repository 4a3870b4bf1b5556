import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Cell, Column } from '../../src/contract.ts'
import { count, formatCell, isEstimate, labelOf } from '../format.ts'
import { useVirtualRows } from '../virtualRows.ts'
import { download, toCsv } from './csv.ts'
import { choicesOf, type Order, parseQuery, type Row, searchText, sorted } from './rows.ts'

const ROW_HEIGHT = 30
/** Texts up to this length are not broken into lines. */
const SHORT = 36
/** Longer tables show only the rows in sight, all of one height. */
const VIRTUAL_FROM = 200
/** Tables of more rows scroll by themselves. */
const TALL_FROM = 40
/** Rows of a long table that are printed. */
const PRINTED = 1000

interface Props {
  readonly name: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly order?: Order
}

/** A table that can be sorted, filtered and saved, of any length. */
export function DataTable({ name, columns, rows, order: first }: Props) {
  const [order, setOrder] = useState(first)
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState<ReadonlyMap<number, string>>(new Map())
  const choices = useMemo(() => choicesOf(columns, rows), [columns, rows])
  const texts = useMemo(() => (query === '' ? undefined : rows.map(searchText)), [rows, query === ''])
  const places = useMemo(() => {
    const test = parseQuery(query, columns)
    const kept: number[] = []
    rows.forEach((row, i) => {
      for (const [column, value] of chosen) if (formatCell(row[column]) !== value) return
      if (test(row, texts?.[i] ?? '')) kept.push(i)
    })
    return order ? sorted(rows, kept, order) : kept
  }, [rows, columns, query, texts, chosen, order])
  const isLong = rows.length > VIRTUAL_FROM
  const printing = usePrinting()
  const virtual = useVirtualRows<HTMLElement>(places.length, ROW_HEIGHT)
  const [start, end] = printing
    ? [0, Math.min(PRINTED, places.length)]
    : isLong
      ? [virtual.start, virtual.end]
      : [0, places.length]

  const sortBy = (column: number) => {
    const isNumber = columns[column].type === 'number' || columns[column].type === 'bar'
    setOrder(
      order?.column === column ? { column, descending: !order.descending } : { column, descending: isNumber },
    )
    virtual.toTop()
  }
  const choose = (column: number, value: string) => {
    const next = new Map(chosen)
    if (value === '') next.delete(column)
    else next.set(column, value)
    setChosen(next)
    virtual.toTop()
  }
  const largest = useMemo(
    () => columns.map(({ type }, i) => (type === 'bar' ? largestOf(rows, i) : 0)),
    [columns, rows],
  )
  return (
    <div class="data">
      {rows.length > 5 && (
        <div class="tools">
          <input
            type="search"
            placeholder="Filter"
            aria-label={`Filter ${name}`}
            title="Words that a row contains, or a comparison such as ms>5"
            value={query}
            onInput={(event) => {
              setQuery(event.currentTarget.value)
              virtual.toTop()
            }}
          />
          {[...choices].map(([column, values]) => (
            <select
              key={column}
              aria-label={columns[column].label}
              onChange={(event) => choose(column, event.currentTarget.value)}
            >
              <option value="">{columns[column].label}: all</option>
              {values.map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          ))}
          <output aria-live="polite">
            {places.length === rows.length
              ? count(rows.length, 'row')
              : `${places.length.toLocaleString('en')} of ${count(rows.length, 'row')}`}
          </output>
          <button
            type="button"
            onClick={() =>
              download(
                `${name}.csv`,
                toCsv(
                  columns,
                  places.map((i) => rows[i]),
                ),
              )
            }
          >
            Save as CSV
          </button>
        </div>
      )}
      <section
        class={isLong ? 'scroll long' : rows.length > TALL_FROM ? 'scroll tall' : 'scroll'}
        ref={virtual.ref}
        onScroll={isLong ? virtual.onScroll : undefined}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard
        tabIndex={0}
        aria-label={`Rows of ${name}`}
      >
        <table
          aria-rowcount={places.length + 1}
          style={isLong ? { minWidth: `${widths(columns, rows).total}ch` } : {}}
        >
          {isLong && (
            <colgroup>
              {widths(columns, rows).each.map((width, i) => (
                <col key={i} style={{ width: `${width}ch` }} />
              ))}
            </colgroup>
          )}
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th
                  key={i}
                  scope="col"
                  class={column.type}
                  aria-sort={order?.column === i ? (order.descending ? 'descending' : 'ascending') : 'none'}
                >
                  <button type="button" title={column.description} onClick={() => sortBy(i)}>
                    {labelOf(column)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {!printing && isLong && virtual.before > 0 && (
              <tr class="space">
                <td colSpan={columns.length} style={{ height: `${virtual.before}px` }} />
              </tr>
            )}
            {places.slice(start, end).map((place, i) => (
              <tr key={place} aria-rowindex={start + i + 2}>
                {columns.map((column, k) => (
                  <CellView key={k} cell={rows[place][k]} column={column} largest={largest[k]} />
                ))}
              </tr>
            ))}
            {!printing && isLong && virtual.after > 0 && (
              <tr class="space">
                <td colSpan={columns.length} style={{ height: `${virtual.after}px` }} />
              </tr>
            )}
          </tbody>
        </table>
      </section>
      {printing && places.length > end && (
        <p class="quiet">
          Of {count(places.length, 'row')}, the first {end} are printed.
        </p>
      )}
    </div>
  )
}

function CellView({ cell, column, largest }: { cell: Cell; column: Column; largest: number }) {
  const { type, format } = column
  const text = formatCell(cell, format)
  if (type === 'bar' && typeof cell === 'number') {
    return (
      <td class="bar">
        <span class="strip" style={{ width: `${largest > 0 ? (100 * Math.max(0, cell)) / largest : 0}%` }} />
        <span>{text}</span>
      </td>
    )
  }
  if (isEstimate(cell)) {
    const [value, interval] = [formatCell(cell.value, format), text.slice(text.indexOf('['))]
    return (
      <td class={type}>
        {value} <span class="interval">{interval}</span>
      </td>
    )
  }
  const isText = type === 'text' || type === 'code'
  return (
    <td
      class={isText && text.length <= SHORT ? `${type} short` : type}
      dir={isText ? 'auto' : undefined}
      title={isText && text.length > SHORT ? text : undefined}
    >
      {text}
    </td>
  )
}

const largestOf = (rows: readonly Row[], column: number) =>
  rows.reduce((max, row) => Math.max(max, typeof row[column] === 'number' ? row[column] : 0), 0)

const measured = new WeakMap<readonly Row[], { each: number[]; total: number }>()

/** Widths of the columns of a long table in characters, by its first rows: they must not change while it scrolls. */
function widths(columns: readonly Column[], rows: readonly Row[]) {
  let known = measured.get(rows)
  if (known === undefined) {
    const head = rows.slice(0, 500)
    const each = columns.map((column, i) => {
      const longest = head.reduce((max, row) => Math.max(max, formatCell(row[i], column.format).length), 0)
      return 3 + Math.min(48, Math.max(longest, labelOf(column).length + 2, column.type === 'bar' ? 16 : 5))
    })
    known = { each, total: each.reduce((a, b) => a + b, 0) }
    measured.set(rows, known)
  }
  return known
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    const [on, off] = [() => setPrinting(true), () => setPrinting(false)]
    addEventListener('beforeprint', on)
    addEventListener('afterprint', off)
    return () => {
      removeEventListener('beforeprint', on)
      removeEventListener('afterprint', off)
    }
  }, [])
  return printing
}
