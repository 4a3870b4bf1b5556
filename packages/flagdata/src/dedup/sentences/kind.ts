import { join } from 'node:path'
import type { Json } from '../../document.ts'
import { englishTokenizer } from '../../text/text.ts'
import type { ConfigOf } from '../config.ts'
import { IdReader, IdWriter } from '../ids.ts'
import type { DedupKind } from '../kind.ts'
import { INDEXED } from '../removals.ts'
import { buildSpanIndex, type DuplicateSpan, findDuplicateSpans, readDuplicateSpans } from './duplicates.ts'
import { countWords, removeSpans } from './remove.ts'
import { SentenceSignatureWriter } from './signature.ts'

export const sentences: DedupKind<ConfigOf<'sentences'>> = {
  collect(config, folder, piece) {
    const writer = new SentenceSignatureWriter(config)
    const ids = new IdWriter()
    return {
      add({ id, text }, number) {
        ids.add(id)
        writer.add(text, number)
      },
      async commit() {
        await ids.commit(folder, piece)
        await writer.commit(join(folder, 'signatures'), piece)
      },
    }
  },
  phases: [
    {
      name: 'spans',
      items: ({ ranges }) => Array.from({ length: ranges }, (_, range) => String(range)),
      async run(config, folder, range) {
        const signatures = join(folder, 'signatures')
        const found = await findDuplicateSpans(signatures, join(folder, 'spans'), Number(range), config)
        if (config.writeIndex) await buildSpanIndex(signatures, config.writeIndex, config)
        return found
      },
    },
  ],
  async decide(config, folder, piece) {
    const found = await readDuplicateSpans(join(folder, 'spans'), piece, config.ranges)
    const origins = await idsOf(folder, found)
    return ({ text }, number, count) => {
      const spans = found.get(number)
      if (spans === undefined) return undefined
      const starts = spans.map(({ sentence }) => sentence)
      const shortened = removeSpans(text, starts, config)
      if (shortened.text === text) return undefined
      count('spans', shortened.removed.length)
      count('sentences', shortened.sentences)
      const metadata: { [key: string]: Json } = {
        duplicate_spans: shortened.removed.map(({ start, end }) => [start, end]),
        duplicate_of: [...new Set(spans.map((span) => origins(span)).filter((id) => id !== undefined))],
      }
      const words = countWords(shortened.text)
      if (shortened.text === '' || words < config.minWords)
        return { reason: 'duplicate_span', value: words, limit: config.minWords, metadata }
      const left = englishTokenizer().sentenceCount(shortened.text)
      if (left < config.minSentences)
        return { reason: 'duplicate_span_sentences', value: left, limit: config.minSentences, metadata }
      const texts = shortened.removed.map(({ start, end }) => text.slice(start, end))
      return { text: shortened.text, taken: { reason: 'duplicate_span', texts, metadata } }
    }
  },
}

/** The ids of the documents that keep the spans. */
async function idsOf(
  folder: string,
  found: ReadonlyMap<number, readonly DuplicateSpan[]>,
): Promise<(span: DuplicateSpan) => string | undefined> {
  const ids = new Map<string, string>()
  const keyOf = ({ keptPiece, keptDocument }: DuplicateSpan) => `${keptPiece}/${keptDocument}`
  const reader = new IdReader(folder)
  try {
    for (const spans of found.values())
      for (const span of spans)
        if (span.keptPiece !== INDEXED && !ids.has(keyOf(span)))
          ids.set(keyOf(span), await reader.idOf(span.keptPiece, span.keptDocument))
  } finally {
    await reader.close()
  }
  return (span) => ids.get(keyOf(span))
}
