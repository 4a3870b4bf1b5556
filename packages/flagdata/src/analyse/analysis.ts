import { getDomain } from 'tldts'
import type { Document } from '../document.ts'
import { Text } from '../text/text.ts'
import { TopCounter } from './counter.ts'
import { NumberSummary } from './summary.ts'

/** Words of most languages, and each character of those that do not put spaces between words. */
const words =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}_])+/gu
const letters = /\p{L}/gu
const digits = /\p{N}/gu
const upperCase = /\p{Lu}/gu
const whitespace = /\s/gu

/** Texts with more words than this count with their first words in the table of n-grams. */
const WORDS_FOR_NGRAMS = 2000
/** A field with more different values than this is not a category. */
const CATEGORIES = 1000

const countOf = (pattern: RegExp, text: string) => text.match(pattern)?.length ?? 0

/** What the documents of a corpus look like, all in one pass and in bounded memory. */
export class Analysis {
  documents = 0
  /** Measures of the text by name, then numbers of the metadata as `metadata.<name>`. */
  readonly numbers = new Map<string, NumberSummary>()
  /** Fields of the metadata whose values are words, such as a language, by name. */
  readonly categories = new Map<string, TopCounter>()
  readonly domains = new TopCounter()
  /** Sequences of one, two and three words. */
  readonly ngrams = [new TopCounter(), new TopCounter(), new TopCounter()]

  add(document: Document): void {
    this.documents++
    const text = new Text(document.text)
    const { value, length } = text
    const found = value.match(words) ?? []
    const lines = text.lines
    const share = (count: number) => (length === 0 ? 0 : count / length)
    this.#number('characters', length)
    this.#number('bytes (UTF-8)', Buffer.byteLength(value))
    this.#number('words', found.length)
    this.#number('lines', lines.length)
    if (lines.length > 0) this.#number('characters of a line', length / lines.length)
    if (found.length > 0)
      this.#number('characters of a word', found.reduce((sum, word) => sum + word.length, 0) / found.length)
    this.#number('share of letters', share(countOf(letters, value)))
    this.#number('share of digits', share(countOf(digits, value)))
    this.#number('share of capitals', share(countOf(upperCase, value)))
    this.#number('share of white space', share(countOf(whitespace, value)))
    if (found.length > 0)
      this.#number(
        'share of different words',
        new Set(found.map((word) => word.toLowerCase())).size / found.length,
      )
    if (lines.length > 0) this.#number('share of repeated lines', 1 - new Set(lines).size / lines.length)
    this.#metadata(document)
    this.#ngrams(found)
  }

  #number(name: string, value: number): void {
    entry(this.numbers, name, () => new NumberSummary()).add(value)
  }

  #metadata({ metadata }: Document): void {
    for (const [name, value] of Object.entries(metadata)) {
      if (typeof value === 'number') this.#number(`metadata.${name}`, value)
      else if (name === 'url' && typeof value === 'string') this.domains.add(getDomain(value) ?? '(none)')
      else if (typeof value === 'string' || typeof value === 'boolean')
        entry(this.categories, name, () => new TopCounter(CATEGORIES)).add(String(value).slice(0, 100))
    }
  }

  #ngrams(found: readonly string[]): void {
    const count = Math.min(found.length, WORDS_FOR_NGRAMS)
    for (let i = 0; i < count; i++) {
      let ngram = ''
      for (let n = 0; n < 3 && i + n < count; n++) {
        ngram = n === 0 ? found[i].toLowerCase() : `${ngram} ${found[i + n].toLowerCase()}`
        this.ngrams[n].add(ngram)
      }
    }
  }

  /** The fields that sort documents into groups: those whose values repeat. */
  get grouping(): [string, TopCounter][] {
    return [...this.categories].filter(
      ([, { distinct, bound, total }]) => bound === 0 && (distinct <= 20 || distinct < total / 4),
    )
  }
}

/** The value of a key, which is made when it is first asked for. */
function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const present = map.get(key)
  if (present !== undefined) return present
  const made = make()
  map.set(key, made)
  return made
}
