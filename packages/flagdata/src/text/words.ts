import type { Jieba } from '@node-rs/jieba'
import * as z from 'zod'
import { englishTokenizer, type Text } from './text.ts'
import type { Words } from './tokenizer.ts'
import { strip } from './whitespace.ts'

/** The option of steps that count words. */
export const wordLanguage = z
  .enum(['en', 'zh', 'mix'])
  .default('mix')
  .describe(
    'en: words of spaCy’s English tokenizer; zh: words of jieba; mix: jieba for Chinese characters, English between',
  )

export type WordLanguage = z.output<typeof wordLanguage>

/** Cuts a text into words, white space left out. */
export type Segmenter = (text: Text) => readonly string[]

let jieba: Promise<Jieba> | undefined

/** jieba with its own dictionary, loaded once per thread. */
export function loadJieba(): Promise<Jieba> {
  jieba ??= Promise.all([import('@node-rs/jieba'), import('@node-rs/jieba/dict.js')]).then(
    ([{ Jieba }, { dict }]) => Jieba.withDict(dict),
  )
  return jieba
}

const chineseRun = /\p{Script=Han}+/gu

const textsOf = ({ ids, vocabulary }: Words) => Array.from(ids, (id) => vocabulary.texts[id])

/** The segmenter of a language; jieba is loaded only where Chinese is asked for. */
export async function wordSegmenter(language: WordLanguage): Promise<Segmenter> {
  if (language === 'en') return (text) => textsOf(text.words)
  const segmenter = await loadJieba()
  const chinese = (text: string) => segmenter.cut(text, true).filter((word) => strip(word) !== '')
  if (language === 'zh') return ({ value }) => chinese(value)
  return (text) => {
    const words: string[] = []
    let end = 0
    for (const { 0: run, index } of text.value.matchAll(chineseRun)) {
      for (const word of textsOf(englishTokenizer().words(text.value.slice(end, index)))) words.push(word)
      for (const word of chinese(run)) words.push(word)
      end = index + run.length
    }
    if (end === 0) return textsOf(text.words)
    for (const word of textsOf(englishTokenizer().words(text.value.slice(end)))) words.push(word)
    return words
  }
}
