import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../../errors.ts'
import { englishTokenizer } from '../../text/text.ts'
import { strip } from '../../text/whitespace.ts'
import { writeAtomic } from '../../writers/atomic.ts'
import type { ConfigOf } from '../config.ts'
import type { DedupKind } from '../kind.ts'
import { markedSpans, markRepeats } from './repeats.ts'
import { readTexts, TextBytesWriter } from './texts.ts'

/** Suffix arrays number bytes with 31 bits. */
const MOST_BYTES = 2 ** 31 - 1

/**
 * Pieces in chunks, and the chunks in pairs: each pair is searched as one text, so every repeat is found, and memory does
 * not grow with the corpus. Time grows with the square of the number of chunks.
 */
function chunkPairs(pieces: readonly string[], size: number): string[] {
  const chunks = Math.max(1, Math.ceil(pieces.length / size))
  if (chunks === 1) return ['0-0']
  const pairs: string[] = []
  for (let a = 0; a < chunks; a++) for (let b = a + 1; b < chunks; b++) pairs.push(`${a}-${b}`)
  return pairs
}

async function searchPair(config: ConfigOf<'substrings'>, folder: string, pair: string) {
  const names = (await readdir(join(folder, 'texts')))
    .filter((name) => name.endsWith('.bytes'))
    .map((name) => name.slice(0, -'.bytes'.length))
    .sort()
  const chunks = [...new Set(pair.split('-').map(Number))]
  const pieces = chunks.flatMap((chunk) => {
    const first = chunk * config.chunkPieces
    return names.slice(first, first + config.chunkPieces)
  })
  const texts = []
  for (const piece of pieces) texts.push(await readTexts(folder, piece))
  const total = texts.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (total > MOST_BYTES)
    throw new DataError(
      'invalid-argument',
      `substrings: ${total} bytes in one search, at most ${MOST_BYTES}`,
      {
        hint: 'give fewer chunkPieces, or smaller pieces (read.pieceBytes)',
      },
    )
  const starts = new Float64Array(1 + texts.reduce((sum, { lengths }) => sum + lengths.length, 0))
  let document = 0
  for (const { lengths } of texts)
    for (const length of lengths) {
      starts[document + 1] = starts[document] + length
      document++
    }
  const sequence = Buffer.concat(texts.map(({ bytes }) => bytes))
  const marks = markRepeats({ sequence, alphabet: 256, starts }, config.length, config.keep)
  let at = 0
  let marked = 0
  await mkdir(join(folder, 'marks', pair), { recursive: true })
  for (const [i, { bytes }] of texts.entries()) {
    const own = new Uint8Array((bytes.length >> 3) + 1)
    for (const { start, end } of markedSpans(marks, at, at + bytes.length)) {
      marked += end - start
      for (let k = start; k < end; k++) own[k >> 3] |= 1 << (k & 7)
    }
    at += bytes.length
    await writeAtomic(join(folder, 'marks', pair, `${pieces[i]}.marks`), own)
  }
  return { bytes: total, repeated: marked }
}

/** The marks of a piece from all pairs that it was in. */
async function readMarks(folder: string, piece: string): Promise<Uint8Array> {
  let all: Uint8Array | undefined
  for (const pair of (await readdir(join(folder, 'marks'))).sort()) {
    const marks = await readFile(join(folder, 'marks', pair, `${piece}.marks`)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      },
    )
    if (marks === undefined) continue
    if (all === undefined) all = new Uint8Array(marks)
    else for (let i = 0; i < marks.length; i++) all[i] |= marks[i]
  }
  return all ?? new Uint8Array(1)
}

/**
 * Passages of at least `length` bytes that occur more than once, in one document or in several. Whole characters are taken
 * out by their place in the text, so nothing else of it changes.
 */
export const substrings: DedupKind<ConfigOf<'substrings'>> = {
  collect(_, folder, piece) {
    const writer = new TextBytesWriter(folder, piece)
    return { add: ({ text }) => writer.add(text), commit: () => writer.commit() }
  },
  phases: [
    {
      name: 'repeats',
      items: ({ chunkPieces }, pieces) => chunkPairs(pieces, chunkPieces),
      run: searchPair,
    },
  ],
  async decide({ minWords }, folder, piece) {
    const marks = await readMarks(folder, piece)
    let start = 0
    return ({ text }, _, count) => {
      const bytes = Buffer.from(text)
      const spans = markedSpans(marks, start, start + bytes.length)
        .map((span) => wholeCharacters(bytes, span))
        .filter((span) => span.start < span.end)
      start += bytes.length
      if (spans.length === 0) return undefined
      let left = ''
      let at = 0
      for (const span of spans) {
        left += bytes.toString('utf8', at, span.start)
        at = span.end
      }
      left += bytes.toString('utf8', at)
      count('spans', spans.length)
      count(
        'bytes',
        spans.reduce((sum, span) => sum + span.end - span.start, 0),
      )
      const texts = spans.map((span) => bytes.toString('utf8', span.start, span.end))
      const metadata = { duplicate_bytes: spans.map((span) => [span.start, span.end]) }
      const words = englishTokenizer().words(left).ids.length
      if (words < minWords || strip(left) === '')
        return { reason: 'duplicate_span', value: words, limit: minWords, metadata }
      return { text: left, taken: { reason: 'duplicate_span', texts, metadata } }
    }
  },
}

/** The part of a span that does not cut a character of UTF-8. */
function wholeCharacters(bytes: Buffer, { start, end }: { start: number; end: number }) {
  const continues = (i: number) => i < bytes.length && (bytes[i] & 0xc0) === 0x80
  while (continues(start)) start++
  while (end > start && continues(end)) end--
  return { start, end }
}
