import { createHash } from 'node:crypto'
import type { Doc } from '../lmEval/config.ts'
import type { PromptTask } from '../lmEval/task.ts'
import { PythonRandom } from '../python/random.ts'

/** Changes a text in a way that a good model should bear. The same random numbers give the same change. */
export type Perturbation = (text: string, random: PythonRandom) => string

/** The word in the case of another: lower, upper, or with a capital. */
function inCaseOf(source: string, word: string): string {
  if (/^\p{Ll}+$/u.test(source)) return word.toLowerCase()
  if (/^\p{Lu}+$/u.test(source)) return word.toUpperCase()
  return /^\p{Lu}/u.test(source) ? word.charAt(0).toUpperCase() + word.slice(1).toLowerCase() : word
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')
const chance = (random: PythonRandom, probability: number) => random.random() < probability

export const lowerCase: Perturbation = (text) => text.toLowerCase()

/** Each run of spaces becomes one of 1 to `most` (HELM's `space`). */
export const spaces =
  (most = 3): Perturbation =>
  (text, random) =>
    text.replace(/ +/g, () => ' '.repeat(1 + random.below(most)))

const pronouns = ['I', 'you', 'he', 'she', 'it', 'we', 'they', 'that', 'there', 'who', 'what', 'where']
const endings: readonly (readonly [long: string, short: string, after: readonly string[]])[] = [
  ['am', "'m", ['I']],
  ['are', "'re", ['you', 'we', 'they', 'what']],
  ['is', "'s", ['he', 'she', 'it', 'that', 'there', 'who', 'what', 'where']],
  ['have', "'ve", ['I', 'you', 'we', 'they', 'who', 'could', 'should', 'would', 'might', 'must']],
  ['will', "'ll", pronouns],
  ['would', "'d", pronouns],
]
const negated = 'are could did do does had has have is must need should was were would'.split(' ')

/** Long forms of English and the short ones that stand for them. */
const contractions: ReadonlyMap<string, string> = new Map([
  ...endings.flatMap(([long, short, after]) =>
    after.map((word) => [`${word} ${long}`.toLowerCase(), word + short] as const),
  ),
  ...negated.map((word) => [`${word} not`, `${word}n't`] as const),
  ['cannot', "can't"],
  ['will not', "won't"],
  ['shall not', "shan't"],
])

/** English long forms become short ones, but at the end of a sentence (`I am here` → `I'm here`). */
export const contract: Perturbation = (text) =>
  text.replace(new RegExp(`\\b(${[...contractions.keys()].join('|')})\\b `, 'gi'), (_, long: string) => {
    const short = contractions.get(long.toLowerCase()) as string
    return `${inCaseOf(long.replaceAll(' ', ''), short)} `
  })

/** English short forms become long ones. */
export const expand: Perturbation = (text) => {
  const long = new Map([...contractions].map(([key, short]) => [short.toLowerCase(), key]))
  return text.replace(new RegExp(`\\b(${[...long.keys()].join('|')})\\b`, 'gi'), (short: string) =>
    inCaseOf(short.replaceAll("'", ''), long.get(short.toLowerCase()) as string).replace(/^i\b/, 'I'),
  )
}

/** Slips of the hand: in a word of four letters and more, two letters swapped, one left out or one doubled. */
export const typos =
  (probability = 0.1): Perturbation =>
  (text, random) =>
    text.replace(/\p{L}{4,}/gu, (word) => {
      if (!chance(random, probability)) return word
      const letters = [...word]
      const at = 1 + random.below(letters.length - 2)
      const kind = random.below(3)
      if (kind === 0) letters.splice(at, 2, letters[at + 1], letters[at])
      else if (kind === 1) letters.splice(at, 1)
      else letters.splice(at, 0, letters[at])
      return letters.join('')
    })

/**
 * Words become others, whole words only, with the case kept: dialects, names, spellings, whatever the map says. Several
 * words for one are drawn from.
 */
export function swapWords(
  words: Readonly<Record<string, string | readonly string[]>>,
  probability = 1,
): Perturbation {
  const map = new Map(Object.entries(words).map(([word, others]) => [word.toLowerCase(), [others].flat()]))
  const pattern = [...map.keys()]
    .sort((a, b) => b.length - a.length)
    .map(escaped)
    .join('|')
  return (text, random) =>
    text.replace(
      new RegExp(`(?<![\\p{L}\\p{N}_-])(${pattern})(?![\\p{L}\\p{N}_-])`, 'giu'),
      (word: string) => {
        if (!chance(random, probability)) return word
        const others = map.get(word.toLowerCase()) as string[]
        return inCaseOf(word, others[others.length === 1 ? 0 : random.below(others.length)])
      },
    )
}

/** Pairs of English words for men and women; `him` and `his` share `her`, of which the first stands. */
const genders: readonly (readonly [male: string, female: string])[] = [
  ['he', 'she'],
  ['him', 'her'],
  ['his', 'her'],
  ['himself', 'herself'],
  ['man', 'woman'],
  ['men', 'women'],
  ['boy', 'girl'],
  ['boys', 'girls'],
  ['father', 'mother'],
  ['fathers', 'mothers'],
  ['son', 'daughter'],
  ['sons', 'daughters'],
  ['brother', 'sister'],
  ['brothers', 'sisters'],
  ['uncle', 'aunt'],
  ['husband', 'wife'],
  ['king', 'queen'],
  ['male', 'female'],
]

/** English words for men become those for women, or the other way round. */
export function swapGender(to: 'female' | 'male', probability = 1): Perturbation {
  const pairs = genders.map(([male, female]) => (to === 'female' ? [male, female] : [female, male]))
  return swapWords(Object.fromEntries([...pairs].reverse()), probability)
}

/** ASCII signs and digits become the full-width ones of Chinese typesetting, and the ideographic space. */
export const fullWidth: Perturbation = (text) =>
  text
    .replace(/[!-~]/g, (char) =>
      /[A-Za-z]/.test(char) ? char : String.fromCharCode(char.charCodeAt(0) + 0xfee0),
    )
    .replaceAll(' ', '\u3000')

/** Characters become others: simplified to traditional Chinese by a map, variants of a script. */
export const swapCharacters =
  (characters: Readonly<Record<string, string>>): Perturbation =>
  (text) =>
    Array.from(text, (char) => characters[char] ?? char).join('')

/** One after the other. */
export const inTurn =
  (...steps: readonly Perturbation[]): Perturbation =>
  (text, random) =>
    steps.reduce((now, step) => step(now, random), text)

/** HELM's mild mix: lower case, short forms, a slip in every tenth word, one to three spaces. */
export const mildMix: Perturbation = inTurn(lowerCase, contract, typos(0.1), spaces(3))

/** The perturbations that have a name, and what each does; those of your own lists of words are functions above. */
export const perturbations = {
  'lower-case': { title: 'lower case', perturb: lowerCase },
  spaces: { title: 'one to three spaces for each (HELM)', perturb: spaces(3) },
  contract: { title: 'English long forms become short (HELM)', perturb: contract },
  expand: { title: 'English short forms become long (HELM)', perturb: expand },
  typos: { title: 'a slip of the hand in every tenth word', perturb: typos(0.1) },
  'mild-mix': { title: 'lower case, short forms, slips and spaces (HELM)', perturb: mildMix },
  'to-female': { title: 'English words for men become those for women', perturb: swapGender('female') },
  'to-male': { title: 'English words for women become those for men', perturb: swapGender('male') },
  'full-width': { title: 'full-width signs and digits, as in Chinese typesetting', perturb: fullWidth },
} as const satisfies Readonly<Record<string, { title: string; perturb: Perturbation }>>

export type PerturbationName = keyof typeof perturbations
export const perturbationNames = Object.keys(perturbations) as [PerturbationName, ...PerturbationName[]]

/**
 * A task with some columns of its documents perturbed, for `worstCase`: each document by random numbers of its own, which
 * depend on the seed and its place only. Few-shot examples and answers stay as they are unless their columns are named.
 */
export function perturbTask(
  task: PromptTask,
  perturbation: Perturbation,
  columns: readonly string[],
  seed = 0,
): PromptTask {
  const change = (doc: Doc, index: number): Doc => {
    const random = new PythonRandom(createHash('sha256').update(`${seed} ${index}`).digest().readUInt32LE(0))
    const perturbed = columns.map((name) => {
      const value = doc[name]
      return [name, typeof value === 'string' ? perturbation(value, random) : value]
    })
    return { ...doc, ...Object.fromEntries(perturbed) }
  }
  return { ...task, docs: task.docs.map(change) }
}
