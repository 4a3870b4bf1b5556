/** A table of a result page of FlagPerf. Texts are as they are written there: its readers look for them. */
export interface FlagperfTable {
  /** Heading above it. */
  readonly title: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What FlagPerf writes where nothing was measured. */
export const UNMEASURED = '/'

/** Numbers of a cell with the unit that follows; a share has the unit `%`. */
export interface Quantity {
  readonly value: number
  readonly unit: string
}

/** The number of a cell: the first, where there are several, and `null` where none was measured. */
export function quantityOf(cell: string): Quantity | null {
  const [, number, unit] = /^(-?\d+(?:\.\d+)?)\s*([%°A-Za-z][A-Za-z/]*|%)?/.exec(cell.trim()) ?? []
  return number === undefined ? null : { value: Number(number), unit: unit ?? '' }
}

/** A name of a column without what says how many cards it is of, emphasis, and escapes. */
const columnName = (text: string): string =>
  text
    .replace(/[（(]\d+卡[^）)]*[）)]/g, '')
    .replace(/[\\*]/g, '')
    .trim()

/**
 * The tables of a Markdown page. Rows that are shorter than the header are filled with `/`. Lines in fences of code are no
 * tables.
 */
export function readFlagperfTables(markdown: string): FlagperfTable[] {
  const tables: { title: string; header: string[]; rows: string[][] }[] = []
  let title = ''
  let open: (typeof tables)[number] | undefined
  let isCode = false
  let previous: string[] | undefined
  for (const line of markdown.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode
    const heading = /^\s*(?:#+\s+|[*-]\s+)(.*?)\s*$/.exec(line)
    if (heading && !isCode) title = heading[1]
    const cells = isCode ? undefined : cellsOf(line)
    if (!cells) {
      open = undefined
      previous = undefined
    } else if (open) open.rows.push(open.header.map((_, i) => cells[i] ?? UNMEASURED))
    else if (previous && cells.every((cell) => /^:?-+:?$/.test(cell))) {
      open = { title, header: previous.map(columnName), rows: [] }
      tables.push(open)
    } else previous = cells
  }
  return tables
}

function cellsOf(line: string): string[] | undefined {
  const text = line.trim()
  if (!text.startsWith('|')) return undefined
  return text
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll('\\|', '|').trim())
}

/** A table with the rows of others that have the same first column and at least one more of its columns. */
export function besideRows(table: FlagperfTable, others: readonly FlagperfTable[]): FlagperfTable {
  const names = table.header.map(columnName)
  const rows = others.flatMap(({ header, rows }) => {
    const places = names.map((name) => header.indexOf(name))
    if (places[0] !== 0 || places.filter((place) => place > 0).length === 0) return []
    return rows.map((row) => places.map((place) => (place < 0 ? UNMEASURED : row[place])))
  })
  return { ...table, rows: [...table.rows, ...rows] }
}
