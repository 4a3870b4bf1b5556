/** A piece of text on a page, as the page's drawing commands place it. Units are points, y grows upwards. */
export interface TextItem {
  text: string
  x: number
  y: number
  width: number
  /** Size of the font. */
  height: number
}

/** A line of a page. */
export interface Line {
  text: string
  left: number
  right: number
  y: number
  height: number
}

/** Pieces stand in one line if their baselines differ by less than this part of the font's size. */
const SAME_BASELINE = 0.4
/** A gap of this part of the font's size is a space; one of that many sizes separates columns or cells. */
const SPACE = 0.15
const COLUMN_GAP = 2
/** A line that covers more than this part of the text's width belongs to no column. */
const WIDE = 0.6

/**
 * The lines of a page in the order of reading: from top to bottom, and where lines stand side by side, column after
 * column between the lines that cross them.
 */
export function linesOfPage(items: readonly TextItem[]): Line[] {
  return inReadingOrder(joinItems(items))
}

function joinItems(items: readonly TextItem[]): Line[] {
  const sorted = items
    .filter(({ text, height }) => text.trim() !== '' && height > 0)
    .sort((a, b) => b.y - a.y || a.x - b.x)
  const lines: Line[] = []
  // Pieces of one baseline are next to each other now, but a raised digit may stand between them.
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1
    const { y, height } = sorted[from]
    while (to < sorted.length && y - sorted[to].y < SAME_BASELINE * Math.max(height, sorted[to].height)) to++
    const row = sorted.slice(from, to).sort((a, b) => a.x - b.x)
    lines.push(...joinRow(row))
    from = to
  }
  return lines
}

/** One baseline: as many lines as there are columns on it. */
function joinRow(row: readonly TextItem[]): Line[] {
  const lines: Line[] = []
  for (const { text, x, y, width, height } of row) {
    const last = lines.at(-1)
    const gap = last === undefined ? Infinity : x - last.right
    if (last === undefined || gap > COLUMN_GAP * Math.max(height, last.height)) {
      lines.push({ text: text.trim(), left: x, right: x + width, y, height })
      continue
    }
    const needsSpace = gap > SPACE * height && !/\s$/.test(last.text) && !/^\s/.test(text)
    last.text += (needsSpace ? ' ' : '') + text
    last.right = Math.max(last.right, x + width)
    // The size of most of the line, not of a raised digit in it.
    last.height = Math.max(last.height, height)
  }
  for (const line of lines) line.text = line.text.replaceAll(/\s+/g, ' ').trim()
  return lines
}

function inReadingOrder(lines: readonly Line[]): Line[] {
  const left = lines.reduce((a, line) => Math.min(a, line.left), Infinity)
  const right = lines.reduce((a, line) => Math.max(a, line.right), -Infinity)
  const ordered: Line[] = []
  let band: Line[] = []
  for (const line of lines) {
    if (line.right - line.left <= WIDE * (right - left)) {
      band.push(line)
      continue
    }
    ordered.push(...columnsOf(band), line)
    band = []
  }
  return [...ordered, ...columnsOf(band)]
}

/** Lines that no wide line separates: column after column where they stand in columns of some length, else as they are. */
function columnsOf(band: readonly Line[]): Line[] {
  const columns: { right: number; lines: Line[] }[] = []
  for (const line of [...band].sort((a, b) => a.left - b.left)) {
    const column = columns.at(-1)
    if (column !== undefined && line.left < column.right) {
      column.lines.push(line)
      column.right = Math.max(column.right, line.right)
    } else columns.push({ right: line.right, lines: [line] })
  }
  // Two or three words side by side are a row of a table.
  if (columns.length < 2 || columns.some(({ lines }) => lines.length < 3)) return rowsOf(band)
  return columns.flatMap(({ lines }) => lines.sort((a, b) => b.y - a.y))
}

/** Lines of one baseline as one. */
function rowsOf(band: readonly Line[]): Line[] {
  const rows: Line[] = []
  for (const line of band) {
    const last = rows.at(-1)
    if (last !== undefined && Math.abs(last.y - line.y) < SAME_BASELINE * line.height) {
      rows[rows.length - 1] = {
        ...last,
        text: `${last.text} ${line.text}`,
        right: Math.max(last.right, line.right),
      }
    } else rows.push(line)
  }
  return rows
}
