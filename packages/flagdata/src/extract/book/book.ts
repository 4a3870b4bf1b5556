import { openEpub } from '../epub.ts'
import type { Extract, Source } from '../extractor.ts'
import { blocksOf, textOfBlocks } from '../html/blocks.ts'
import { stopWordsFor } from '../html/stopWords.ts'
import { type Element, findAll, textOf } from '../html/tree.ts'
import { textOfSource } from '../source.ts'
import type { Keyword, PartRule } from './keywords.ts'
import { shortLineRatio, withoutFrontAndBack, withoutMatter } from './rules.ts'

export interface BookOptions {
  keywords: Keyword[]
  parts: PartRule[]
  /** A book is refused if more than this part of its lines is short, and it has no more than `longLines` long ones. */
  shortLineRatio: number
  longLines: number
  maxUnpackedBytes: number
}

/** Lines of so many units are short. */
const SHORT = { zh: 100, en: 150 }
/** A page of less text in spans than this, and of no more in paragraphs, is no page of the book's text. */
const SPAN_LIMIT = 3000

/**
 * The text of a book, Chinese or English, without its covers, contents, imprint, captions and advertisements.
 *
 * Source: `BookCleaner` of FlagData 3.0; what it does otherwise is listed at the step.
 */
export const extractBook: Extract = async (source, options) => {
  const {
    keywords,
    parts,
    shortLineRatio: mostShort,
    longLines,
    maxUnpackedBytes,
  } = options as unknown as BookOptions
  const { text, metadata } = await read(source, maxUnpackedBytes)
  if (text.trim() === '') return { text: '' }
  const { language } = stopWordsFor(middleOf(text), undefined)
  if (language !== 'zh' && language !== 'en')
    return { reason: 'unsupported_language', metadata: { language: language ?? null } }
  const ratio = shortLineRatio(text.split('\n'), SHORT[language], longLines)
  if (ratio > mostShort) return { reason: 'short_lines', value: ratio, limit: mostShort }
  const lines = (language === 'zh' ? tidy(text, parts) : text).split('\n')
  const kept = withoutFrontAndBack(lines, keywords).join('\n')
  return { text: kept.replaceAll(/\n{3,}/g, '\n\n').trim(), metadata: { language, ...metadata } }
}

const tidy = (text: string, parts: readonly PartRule[]) =>
  withoutMatter(text.split(/\n{4,}/), parts)
    .join('\n\n')
    .replaceAll(/\*{2,}/g, '')

/** A book's language is told from its middle: its imprint may be in another. */
const middleOf = (text: string) => text.slice(text.length >> 1, (text.length >> 1) + 4000)

/** Text as it is, or the chapters of an EPUB file, five line breaks apart. */
async function read(source: Source, maxUnpackedBytes: number) {
  const { bytes } = source
  const isArchive = bytes !== undefined && bytes[0] === 0x50 && bytes[1] === 0x4b
  if (!isArchive) return { text: textOfSource(source).replaceAll('\r\n', '\n'), metadata: {} }
  const { chapters, metadata } = await openEpub(source, { maxUnpackedBytes })
  for (const chapter of chapters) clean(chapter)
  const texts = chapters.map((chapter) => textOfBlocks(blocksOf(chapter).blocks))
  return { text: texts.filter((text) => text !== '').join('\n'.repeat(5)), metadata }
}

/** Takes captions out, and the spans of pages that hold little else: covers, contents, imprints. */
function clean(chapter: Element): void {
  for (const division of findAll(chapter, ({ tag }) => tag === 'div').reverse()) dropCaption(division)
  const lengthOf = (tag: string) => outermost(chapter, tag).reduce((sum, it) => sum + textOf(it).length, 0)
  const inSpans = lengthOf('span')
  if (inSpans < SPAN_LIMIT && inSpans >= lengthOf('p'))
    for (const span of outermost(chapter, 'span')) remove(span)
}

/** A picture's division with a single paragraph: that is its caption. */
function dropCaption(division: Element): void {
  const paragraphs: Element[] = []
  let hasPicture = false
  const visit = (element: Element): boolean => {
    for (const child of element.children) {
      if (typeof child === 'string') continue
      if (child.tag === 'img' || child.tag === 'image') hasPicture = true
      if (child.tag === 'p') paragraphs.push(child)
      // Divisions were looked at from the inside out; those with more than a paragraph are not looked into again.
      if (paragraphs.length > 1 || !visit(child)) return false
    }
    return true
  }
  if (visit(division) && hasPicture && paragraphs.length === 1) remove(paragraphs[0])
}

/** Elements of a tag that lie in no other of that tag, whose text would count twice. */
function outermost(root: Element, tag: string, found: Element[] = []): Element[] {
  for (const child of root.children) {
    if (typeof child === 'string') continue
    if (child.tag === tag) found.push(child)
    else outermost(child, tag, found)
  }
  return found
}

function remove(element: Element): void {
  const siblings = element.parent?.children
  const at = siblings?.indexOf(element) ?? -1
  if (at >= 0) siblings?.splice(at, 1)
}
