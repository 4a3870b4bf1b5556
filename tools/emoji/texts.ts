/** Texts that go with a concept while training, and the word-level vocabulary of the English teacher. */
import { fromNumbers, type Tensor } from '@flag/core-tensor'
import type { Concept, Language } from './concepts.ts'
import type { Random } from './random.ts'

const BOS = 0
const PAD = 1
const EOS = 2
const UNKNOWN = 3

/** The concept's name, or sometimes its name or nothing followed by some of its keywords. */
export function drawText(concept: Concept, language: Language, random: Random, keywordShare: number): string {
  const name = concept.names[language]
  const keywords = concept.keywords[language]
  if (keywords.length === 0 || !random.chance(keywordShare)) return name
  const order = random.permutation(keywords.length)
  const some = Array.from(order.subarray(0, 1 + random.below(4)), (i) => keywords[i])
  const separator = language === 'zh' || language === 'ja' ? '、' : ', '
  return (random.chance(0.5) ? [name, ...some] : some).join(separator)
}

const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{M}]+|\p{N}|[^\s\p{L}\p{M}\p{N}]/gu) ?? []

/** Ids of English words, for the teacher. */
export class WordVocabulary {
  private readonly ids: Map<string, number>

  constructor(texts: Iterable<string>) {
    const counts = new Map<string, number>()
    for (const text of texts) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
    this.ids = new Map([...counts.keys()].sort().map((word, i) => [word, i + UNKNOWN + 1]))
  }

  get size(): number {
    return this.ids.size + UNKNOWN + 1
  }

  encode(text: string): number[] {
    return [BOS, ...wordsOf(text).map((word) => this.ids.get(word) ?? UNKNOWN), EOS]
  }
}

/** Id lists as int64 [texts, length], cut (keeping `</s>`) or padded on the right. */
export function padIds(lists: readonly (readonly number[])[], length: number): Tensor<'int64'> {
  const rows = lists.flatMap((ids) => {
    const row = ids.length > length ? [...ids.slice(0, length - 1), EOS] : [...ids]
    while (row.length < length) row.push(PAD)
    return row
  })
  return fromNumbers(rows, [lists.length, length], 'int64')
}
