import { englishTokenizer } from '../../text/text.ts'
import { splitLines, stripStart } from '../../text/whitespace.ts'
import type { SentencesConfig } from './signature.ts'

/** A text without its repeated spans, and where those were in it, in UTF-16 units. */
export interface Shortened {
  text: string
  removed: { start: number; end: number }[]
  sentences: number
}

/** Parts of a text, one after the other: a sentence with the white space before it, or a line with its end. */
function partsOf(text: string, { split, compatible }: SentencesConfig): { start: number; end: number }[] {
  const parts: { start: number; end: number }[] = []
  let start = 0
  if (split === 'sentences') {
    const spans = englishTokenizer().sentenceSpans(text)
    for (let i = 1; i < spans.length; i += 2) {
      parts.push({ start, end: spans[i] })
      start = spans[i]
    }
    return parts
  }
  for (const line of splitLines(text)) {
    const end = start + line.length
    const next = text.startsWith('\r\n', end) ? end + 2 : Math.min(text.length, end + 1)
    parts.push({ start, end: compatible ? end : next })
    start = next
  }
  return parts
}

export const countWords = (text: string): number => englishTokenizer().words(text).ids.length

/**
 * Takes spans out of a text that begin with the given sentences, and what is then white space at its start. Spans of
 * fewer than `minSpanWords` words stay. As datatrove does it; with `compatible` also where that looks like an
 * oversight: only the first sentence of a short span stays, and lines are joined by `\n` whatever stood between them.
 *
 * @param starts numbers of the first sentences, ascending
 */
export function removeSpans(text: string, starts: readonly number[], config: SentencesConfig): Shortened {
  const { sentences: size, minSpanWords, compatible, split } = config
  const parts = partsOf(text, config)
  const separator = compatible && split === 'lines' ? '\n' : ''
  const kept: string[] = []
  const removed: { start: number; end: number }[] = []
  let span: number[] = []
  let removedParts = 0
  const close = () => {
    if (span.length === 0) return
    const texts = (compatible ? span.slice(0, 1) : span).map((i) => text.slice(parts[i].start, parts[i].end))
    if (minSpanWords > 0 && countWords(texts.join('\n')) < minSpanWords) kept.push(...texts)
    else {
      removed.push({ start: parts[span[0]].start, end: parts[span[span.length - 1]].end })
      removedParts += span.length
    }
    span = []
  }
  let dropUntil = 0
  let next = 0
  parts.forEach(({ start, end }, i) => {
    for (; next < starts.length && starts[next] <= i; next++) if (starts[next] === i) dropUntil = i + size
    if (i < dropUntil) span.push(i)
    else {
      close()
      kept.push(text.slice(start, end))
    }
  })
  close()
  return { text: stripStart(kept.join(separator)), removed, sentences: removedParts }
}
