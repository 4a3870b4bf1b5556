import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { readWords } from '../readers/wordLists.ts'
import { uniformOf } from './random.ts'

/** Words of the lists that C4 allows all the same. */
const allowed = new Set(['sm', 'グロ', '女の子', '性'])

/** Written without spaces: their words are found anywhere. */
const withoutSpaces = new Set(['ja', 'th', 'zh'])

const wordCharacter = /[\p{L}\p{N}_]/u

/** The characters before and after a place; halves of pairs are no letters on their own. */
const isWord = (char: string | undefined) => char !== undefined && wordCharacter.test(char)
const before = (text: string, at: number) =>
  (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 ? text.slice(at - 2, at) : text[at - 1]
const after = (text: string, at: number) => {
  const code = text.codePointAt(at)
  return code === undefined ? undefined : String.fromCodePoint(code)
}

/** Finds words of a list: as words of their own, or anywhere. */
class Finder {
  readonly #byFirst = new Map<string, string[]>()
  readonly #anywhere: boolean

  constructor(words: readonly string[], anywhere: boolean) {
    this.#anywhere = anywhere
    for (const word of new Set(words.map((it) => it.trim()))) {
      if (word === '' || allowed.has(word)) continue
      const list = this.#byFirst.get(word[0])
      if (list) list.push(word)
      else this.#byFirst.set(word[0], [word])
    }
  }

  find(text: string): string | undefined {
    for (let at = 0; at < text.length; at++) {
      const candidates = this.#byFirst.get(text[at])
      if (candidates === undefined || (!this.#anywhere && isWord(before(text, at)))) continue
      for (const word of candidates)
        if (text.startsWith(word, at) && (this.#anywhere || !isWord(after(text, at + word.length))))
          return word
    }
    return undefined
  }
}

/** Removes documents with words of a list, by language. */
export const badWords = defineStep({
  name: 'bad-words',
  summary: 'Removes documents with words of a list: your own, or the lists of 28 languages that C4 took.',
  source:
    'Raffel et al. 2020, C4, section 2.2; C4BadWordsFilter of datatrove 0.10; default lists: LDNOOBW (CC-BY-4.0) by the package naughty-words',
  reasons: ['bad_words'],
  counts: ['missing_badwords_lang', 'document_kept_with_badwords'],
  differences: [
    'The reason is called `document_removed_with_badwords` there.',
    'The default lists are the current ones of the package; there two states of 2020 are downloaded.',
    'A document in a language without a list is kept and counted; there it stops the run unless asked otherwise.',
    'Which documents `keepFraction` keeps depends on their id and the seed alone.',
  ],
  options: z.strictObject({
    badWords: z
      .array(z.string().min(1))
      .optional()
      .describe('the words, for every language, instead of the default lists'),
    badWordsFile: z
      .string()
      .min(1)
      .optional()
      .describe('a file of them: a JSON list, or text with a word a line'),
    language: z
      .string()
      .min(1)
      .default('en')
      .describe('of documents that do not say theirs in metadata.language'),
    keepFraction: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('part of the documents with such words that stays'),
    seed: z.int().min(0).default(0).describe('chooses them'),
  }),
  async prepare({ badWords, badWordsFile }) {
    if (badWords || badWordsFile)
      return { own: [...(badWords ?? []), ...(badWordsFile ? await readWords(badWordsFile) : [])] }
    const { default: lists } = await import('naughty-words')
    return { lists: lists as Record<string, string[]> }
  },
  create({ language, keepFraction, seed }, { own, lists }) {
    const finders = new Map<string, Finder | undefined>()
    const finderOf = (code: string) => {
      if (!finders.has(code)) {
        const words = own ?? (lists && Object.hasOwn(lists, code) ? lists[code] : undefined)
        finders.set(
          code,
          words &&
            new Finder(
              words.map((it) => it.toLowerCase()),
              withoutSpaces.has(code),
            ),
        )
      }
      return finders.get(code)
    }
    return ({ value }, { id, metadata }, count) => {
      const finder = finderOf(typeof metadata.language === 'string' ? metadata.language : language)
      if (finder === undefined) return void count('missing_badwords_lang')
      if (finder.find(value.toLowerCase()) === undefined) return undefined
      if (keepFraction > 0 && uniformOf(id, seed) < keepFraction)
        return void count('document_kept_with_badwords')
      return { reason: 'bad_words' }
    }
  },
})
