import { SPACE_MARK } from '../normalizer.ts'

/** Longer stretches without a space are cut, so that probabilities of whole stretches stay within a double. */
const MAX_STRETCH = 64

/**
 * The distinct stretches of text that pieces may lie in, and how often each occurs. Every character is one UTF-16 unit
 * here, its position in `alphabet`, so that slices of stretches are keys for pieces.
 */
export interface Corpus {
  readonly stretches: readonly string[]
  readonly counts: Float64Array
  /** The characters that are covered, the most frequent first. */
  readonly alphabet: readonly string[]
}

/**
 * Counts the words of normalised texts, each with its leading space mark. Characters beyond `coverage`, the rarest
 * ones, are left out and divide the words that hold them.
 */
export function countWords(texts: Iterable<string>, coverage: number): Corpus {
  const words = new Map<string, number>()
  for (const text of texts) {
    for (const word of text.split(/(?=\u2581)/)) if (word !== '') words.set(word, (words.get(word) ?? 0) + 1)
  }
  const alphabet = coveredCharacters(words, coverage)
  const symbols = new Map(alphabet.map((character, i) => [character, String.fromCharCode(i)]))
  const stretches = new Map<string, number>()
  for (const [word, count] of words) {
    let stretch = ''
    const flush = () => {
      if (stretch !== '') stretches.set(stretch, (stretches.get(stretch) ?? 0) + count)
      stretch = ''
    }
    for (const character of word) {
      const symbol = symbols.get(character)
      if (symbol === undefined || stretch.length === MAX_STRETCH) flush()
      if (symbol !== undefined) stretch += symbol
    }
    flush()
  }
  return { stretches: [...stretches.keys()], counts: Float64Array.from(stretches.values()), alphabet }
}

/** The most frequent characters that make up the share `coverage` of the text, and the space mark. */
function coveredCharacters(words: ReadonlyMap<string, number>, coverage: number): string[] {
  const counts = new Map<string, number>()
  let total = 0
  for (const [word, count] of words) {
    for (const character of word) {
      counts.set(character, (counts.get(character) ?? 0) + count)
      total += count
    }
  }
  const mark = counts.get(SPACE_MARK) ?? 0
  counts.delete(SPACE_MARK)
  const order = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const covered = [SPACE_MARK]
  let sum = mark
  for (const [character, count] of order) {
    if (sum >= coverage * total) break
    covered.push(character)
    sum += count
  }
  return covered
}

const SCRIPTS = (
  'Latin Greek Cyrillic Armenian Hebrew Arabic Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada ' +
  'Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Khmer Mongolian'
).split(' ')
const scriptTests = SCRIPTS.map((script) => new RegExp(`^\\p{Script=${script}}`, 'u'))
const ANY = 0
const NUMBER = 1
const EAST_ASIAN = 2
const LETTER = 3
const OTHER = 4
const FIRST_SCRIPT = 5

/**
 * Classes of characters that do not share a piece: scripts (Han, Hiragana and Katakana are one), numbers, the rest.
 * Class 0 goes with all: the space mark and combining marks without a script of their own.
 */
export function classOf(character: string): number {
  if (character === SPACE_MARK || /^\p{Script=Inherited}/u.test(character)) return ANY
  if (/^\p{N}/u.test(character)) return NUMBER
  if (/^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30fc]/u.test(character)) return EAST_ASIAN
  const script = scriptTests.findIndex((test) => test.test(character))
  if (script >= 0) return FIRST_SCRIPT + script
  return /^[\p{L}\p{M}]/u.test(character) ? LETTER : OTHER
}
