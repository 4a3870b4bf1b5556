import type { Line } from './lines.ts'

/** Lines at the top and at the bottom of a page that may repeat. */
const EDGE = 3
/** What stands at the edge of this part of the pages, and of three at least, is a header or footer. */
const REPEATED = 0.3

/** Page numbers count from page to page: digits are compared as one sign. */
const shapeOf = ({ text }: Line) =>
  text
    .toLowerCase()
    .replaceAll(/\d+|\b[ivxlc]+\b/g, '#')
    .replaceAll(/\s+/g, '')

/** Pages without headers, footers and page numbers: lines at their edges that most of them share. */
export function withoutRepeated(pages: readonly (readonly Line[])[]): Line[][] {
  const counts = new Map<string, number>()
  const edgesOf = (lines: readonly Line[]) => new Set([...lines.slice(0, EDGE), ...lines.slice(-EDGE)])
  for (const lines of pages)
    for (const shape of new Set([...edgesOf(lines)].map(shapeOf)))
      counts.set(shape, (counts.get(shape) ?? 0) + 1)
  const least = Math.max(3, REPEATED * pages.length)
  return pages.map((lines) => {
    const edges = edgesOf(lines)
    return lines.filter((line) => !edges.has(line) || (counts.get(shapeOf(line)) ?? 0) < least)
  })
}

/** A gap of more than this many font sizes between baselines begins a paragraph, as does a first line indented by one. */
const PARAGRAPH_GAP = 1.7
const INDENT = 0.8

const endsSentence = /[.!?:。！？：…"”’)]$/
const isBullet = /^(?:[•‣▪◦–—*·]|\(?\d{1,3}[.)])\s/

/**
 * The text of pages: lines joined to paragraphs, words that a hyphen divides at the end of a line joined, also from one
 * page to the next.
 */
export function joinLines(pages: readonly (readonly Line[])[], joinHyphens: boolean): string {
  const paragraphs: string[] = []
  let current = ''
  let last: Line | undefined
  for (const lines of pages) {
    const right = rightEdge(lines)
    for (const [i, line] of lines.entries()) {
      if (last === undefined || begins(line, last, i === 0, right)) {
        if (current !== '') paragraphs.push(current)
        current = line.text
      } else current = append(current, line.text, joinHyphens)
      last = line
    }
  }
  if (current !== '') paragraphs.push(current)
  return paragraphs.join('\n\n')
}

/** Whether a line begins a paragraph after the one before it. */
function begins(line: Line, last: Line, isFirst: boolean, right: number): boolean {
  if (isBullet.test(line.text)) return true
  const size = Math.max(line.height, last.height)
  if (Math.abs(line.height - last.height) > 0.15 * size) return true
  const gap = last.y - line.y
  // The top of a page or of a column goes on with a sentence that has not ended.
  if (isFirst || gap < 0) return endsSentence.test(last.text)
  if (gap > PARAGRAPH_GAP * size) return true
  if (line.left - last.left > INDENT * size && endsSentence.test(last.text)) return true
  return endsSentence.test(last.text) && last.right < right - 6 * size && last.right < line.right - 2 * size
}

const rightEdge = (lines: readonly Line[]) => lines.reduce((a, line) => Math.max(a, line.right), 0)

const eastern = /[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]/

function append(text: string, line: string, joinHyphens: boolean): string {
  if (joinHyphens && /\p{L}[-\u00ad\u2010]$/u.test(text) && /^\p{Ll}/u.test(line))
    return text.slice(0, -1) + line
  return eastern.test(text.at(-1) ?? '') && eastern.test(line[0] ?? '') ? text + line : `${text} ${line}`
}
