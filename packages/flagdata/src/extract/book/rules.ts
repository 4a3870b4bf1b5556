import type { Keyword, PartRule } from './keywords.ts'

/** Chinese characters and English words, which FlagData counts as one unit each. */
function unitsOf(text: string): number {
  return (text.match(/[\u4e00-\u9fff]/g)?.length ?? 0) + (text.match(/\b[A-Za-z]+\b/g)?.length ?? 0)
}

/** The part of lines that are short; 0 for a book that has more than `enough` long ones. */
export function shortLineRatio(lines: readonly string[], short: number, enough: number): number {
  const long = lines.reduce((count, line) => count + (unitsOf(line) > short ? 1 : 0), 0)
  return long > enough || lines.length === 0 ? 0 : (lines.length - long) / lines.length
}

/** A part of more units than this is never front or back matter. */
const LONGEST_PART = 5000

/**
 * Parts of a Chinese book, which four line breaks separate, without front and back matter: those in the first and last
 * fifth of its lines that hold a short line with a word of `rules`, or next to nothing but short lines.
 */
export function withoutMatter(parts: readonly string[], rules: readonly PartRule[]): string[] {
  const lines = parts.map((part) => part.split('\n'))
  const total = lines.reduce((sum, it) => sum + it.length, 0)
  let before = 0
  return parts.filter((part, i) => {
    const start = before
    before += lines[i].length
    const isAtEdge = before <= total * 0.2 || start >= total * 0.8
    return !(isAtEdge && isMatter(lines[i], rules) && unitsOf(part) <= LONGEST_PART)
  })
}

function isMatter(lines: readonly string[], rules: readonly PartRule[]): boolean {
  const isNamed = rules.some(({ keywords, threshold }) =>
    lines.some((line) => keywords.some((keyword) => line.includes(keyword)) && unitsOf(line) < threshold),
  )
  return isNamed || (ratioBelow(lines, 100) === 1 && ratioBelow(lines, 40) >= 0.8)
}

function ratioBelow(lines: readonly string[], limit: number): number {
  const units = lines.map(unitsOf).filter((count) => count > 0)
  return units.length === 0 ? 0 : units.filter((count) => count <= limit).length / units.length
}

const caption = /^(?:图|表|figure|table)\s*\d+(?:-\d+)?(?:\.\d+)?\s*[\u4e00-\u9fa5a-z]*$/i
/** Lines that sites add to the books they pass on. */
const advertisement = /ePUBw\.COM|电子书下载/

/**
 * Lines without captions, without what stands before the first chapter or the last front matter and from the first
 * back matter on, without tables of contents and lines of addresses.
 */
export function withoutFrontAndBack(given: readonly string[], keywords: readonly Keyword[]): string[] {
  const lines = given.filter((line) => !caption.test(line) && !advertisement.test(line))
  const { start, end } = bodyOf(lines, keywords)
  return withoutCatalogue(lines.slice(start, end))
}

function bodyOf(lines: readonly string[], keywords: readonly Keyword[]): { start: number; end: number } {
  const total = lines.length
  let start = 0
  let end: number | undefined
  for (const [i, line] of lines.entries()) {
    if (i < total * 0.3 && beginsFirstChapter(line)) start = i
    for (const keyword of keywords) {
      if (!matches(line, keyword)) continue
      const [, , , head, tail] = keyword
      if (i < total * head) start = Math.max(start, i + 1)
      if (i >= Math.ceil(total * (1 - tail))) end ??= i
    }
  }
  return { start, end: end ?? total }
}

function matches(line: string, [word, maxLength, lower]: Keyword): boolean {
  const isShort = maxLength !== 0 && line.length < maxLength
  // Most lines are too long for most words.
  if (!isShort && line.length > word.length + 40) return false
  const text = lower ? line.toLowerCase().trim() : line.trim()
  const wanted = lower ? word.toLowerCase() : word
  return text === wanted || (isShort && text.includes(wanted))
}

function beginsFirstChapter(line: string): boolean {
  if (line.length > 400) return false
  const lower = line.toLowerCase().trim()
  const units = unitsOf(line)
  const at = lower.indexOf('chapter')
  if (at >= 0 && units < 10) {
    const number = /\d[\d\s]*/.exec(lower.slice(at))?.[0].replaceAll(/\s/g, '')
    if (number === '1' || lower.replaceAll(/[^a-z]/g, '') === 'chapterone') return true
  }
  const isRoman =
    lower === 'i' ||
    lower === 'i.' ||
    lower === 'i .' ||
    lower === 'chapter i' ||
    lower.includes('chapter i ')
  return isRoman && units < 20 && (at >= 0 || line.trim().startsWith('I'))
}

/** Three such lines in a row, empty ones between them aside, are a table of contents. */
const CATALOGUE = 3

function withoutCatalogue(lines: readonly string[]): string[] {
  const removed = new Set<number>()
  let row: number[] = []
  let entries = 0
  for (const [i, line] of lines.entries()) {
    const units = unitsOf(line)
    if (line.trim() === '') row.push(i)
    else if (units < 100 && isEntry(line)) {
      entries++
      row.push(i)
      if (entries >= CATALOGUE) {
        for (const it of row) removed.add(it)
        row = []
      }
    } else {
      entries = 0
      row = []
    }
    const lower = line.toLowerCase()
    if (
      units < 50 &&
      (lower.includes('.com') || lower.includes('www.') || line.includes('@') || line.startsWith('##'))
    )
      removed.add(i)
  }
  return lines.filter((_, i) => !removed.has(i))
}

const isEntry = (line: string) =>
  (line.includes('第') && (line.includes('章') || line.includes('幕'))) ||
  line.toLowerCase().includes('chapter') ||
  /^\d+\./.test(line.trim()) ||
  line.includes('............')
