import { FlagError } from '@flag/core-tensor'
import { emojiNames } from './cldr.ts'
import type { ClassificationData, Episodes } from './dataset.ts'
import { CANDIDATES, type Concept, type Negatives, tenWay } from './episodes.ts'
import { canDraw, drawWord, type FontName, fontFor } from './lettering.ts'

const BLOCKS = 6
/** In user-perceived characters; Han, Kana and Hangul write a word with fewer of them. */
const LENGTHS: Record<string, readonly [number, number]> = { zh: [2, 5], ja: [2, 5], ko: [2, 5] }

/** Letters that the words of a language consist of; of all others, of Latin ones. */
const SCRIPTS: Record<string, RegExp> = {
  ru: /^\p{sc=Cyrl}+$/u,
  el: /^\p{sc=Grek}+$/u,
  hi: /^[\p{sc=Deva}\p{M}]+$/u,
  ar: /^[\p{sc=Arab}\p{M}]+$/u,
  zh: /^\p{sc=Han}+$/u,
  ja: /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー]+$/u,
  ko: /^\p{sc=Hang}+$/u,
}

/** Single words among CLDR's names in a language, short ones first; neighbours are alike. */
function wordsOf(language: string): string[] {
  const [shortest, longest] = LENGTHS[language] ?? [3, 9]
  const font = fontFor(language)
  const segmenter = new Intl.Segmenter(language)
  const length = (word: string) => [...segmenter.segment(word)].length
  const words = new Set(
    [...emojiNames(language).values()].filter((name) =>
      (SCRIPTS[language] ?? /^[\p{sc=Latn}\p{M}]+$/u).test(name),
    ),
  )
  return [...words]
    .map((word) => ({ word, length: length(word) }))
    .filter(({ word, length }) => length >= shortest && length <= longest && canDraw(word, font))
    .sort((a, b) => a.length - b.length || (a.word < b.word ? -1 : 1))
    .map(({ word }) => word)
}

/**
 * Generated pictures of words and the same words as texts, ten to choose from: wrong ones of any length, of about the
 * same length, or the nearest in a list by length and alphabet. Each language has its own words and pictures; words are
 * CLDR's, letters are drawn from open fonts. Throws `invalid-argument` for a language with too few words.
 */
export function loadWords(
  language: string,
  { negatives }: { negatives: Negatives },
): Episodes<ClassificationData> {
  const words = wordsOf(language)
  if (words.length < BLOCKS * CANDIDATES) {
    throw new FlagError(
      'invalid-argument',
      `CLDR has ${words.length} single words in ${language}: ${BLOCKS * CANDIDATES} are needed`,
    )
  }
  const blocks = Array.from({ length: BLOCKS }, (_, block) => {
    const first = Math.floor((block * (words.length - CANDIDATES)) / (BLOCKS - 1))
    return words.slice(first, first + CANDIDATES)
  })
  return drawn(blocks, fontFor(language), negatives)
}

/** The ten digits of a language's numbers. */
const DIGITS: Record<string, string> = {
  ar: '٠١٢٣٤٥٦٧٨٩',
  hi: '०१२३४५६७८९',
  zh: '零一二三四五六七八九',
}

/**
 * Generated pictures of numbers of four digits and the same numbers as texts, ten to choose from: wrong ones from all, of
 * two beginnings, or those that differ in one digit. Arabic, Devanagari and Chinese numbers have their own digits.
 */
export function loadNumbers(
  language: string,
  { negatives }: { negatives: Negatives },
): Episodes<ClassificationData> {
  const digits = [...(DIGITS[language] ?? '0123456789')]
  const written = (number: number) => [...String(number)].map((digit) => digits[Number(digit)]).join('')
  // Beginnings without a pattern; the digit that the numbers of a block differ in is in another place in each.
  const blocks = Array.from({ length: BLOCKS }, (_, block) => {
    const [kept, place] = [1234 + 1427 * block, 10 ** (block % 3)]
    const without = kept - (Math.floor(kept / place) % 10) * place
    return Array.from({ length: CANDIDATES }, (_, digit) => written(without + digit * place))
  })
  return drawn(blocks, fontFor(language), negatives)
}

/** Blocks of ten texts as pictures and the same texts; two blocks make an area. */
function drawn(
  blocks: readonly (readonly string[])[],
  font: FontName,
  negatives: Negatives,
): Episodes<ClassificationData> {
  const concepts = blocks.flatMap((texts, block) =>
    texts.map(
      (text): Concept => ({
        id: text,
        name: text,
        picture: { id: text, input: drawWord(text, font) },
        block: `${block}`,
        area: `${Math.floor(block / 2)}`,
      }),
    ),
  )
  const look = { scale: 0.85, ink: '#123a6b', paper: '#fff7dc' }
  const references = new Map(concepts.map(({ id }) => [id, drawWord(id, font, look)]))
  return tenWay(concepts, ['{c}'], negatives, references)
}
