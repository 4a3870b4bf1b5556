import { DataError } from '../../errors.ts'
import { END, type Entries, isLabel, isSpace } from './dictionary.ts'
import { sort } from './order.ts'

interface Entry {
  word: string
  count: number
  isLabel: boolean
}

/** JavaScript's maps hold 2^24 keys. */
const MOST = 16_000_000

/**
 * The vocabulary of a training text: words and labels that occur often enough, by count, with ties in the order in which
 * fastText's program leaves them.
 *
 * @param text lines of words and labels, in UTF-8
 * @throws DataError `invalid-argument` where nothing is left to learn from
 */
export function vocabularyOf(text: Buffer, minCount: number, minCountLabel: number): Entries {
  const found = new Map<string, Entry>()
  let tokens = 0
  const add = (word: string, label: boolean) => {
    tokens++
    const entry = found.get(word)
    if (entry) entry.count++
    else {
      found.set(word, { word, count: 1, isLabel: label })
      if (found.size > MOST)
        throw new DataError('unsupported', `a text of more than ${MOST} different words`, {
          hint: 'train on less text',
        })
    }
  }
  const end = END.toString()
  for (let at = 0; at < text.length; at++) {
    if (text[at] === 0x0a) add(end, false)
    if (isSpace(text[at])) continue
    const start = at
    while (at < text.length && !isSpace(text[at])) at++
    // Latin-1 keeps every byte, whatever the text's encoding.
    add(text.toString('latin1', start, at), isLabel(text, start, at))
    at--
  }
  const entries = [...found.values()]
  sort(entries, (a, b) => (a.isLabel === b.isLabel ? a.count > b.count : b.isLabel))
  const kept = entries.filter((it) => it.count >= (it.isLabel ? minCountLabel : minCount))
  const labels = kept.filter((it) => it.isLabel).length
  if (labels === 0 || labels === kept.length)
    throw new DataError(
      'invalid-argument',
      `a training text of ${kept.length - labels} words and ${labels} labels`,
      {
        hint: 'expected lines such as "__label__good Some words.", and words that occur at least minCount times',
      },
    )
  const starts = new Uint32Array(kept.length + 1)
  kept.forEach(({ word }, i) => {
    starts[i + 1] = starts[i] + word.length
  })
  return {
    bytes: Buffer.from(kept.map(({ word }) => word).join(''), 'latin1'),
    starts,
    counts: Float64Array.from(kept, ({ count }) => count),
    words: kept.length - labels,
    labels,
    tokens,
  }
}
