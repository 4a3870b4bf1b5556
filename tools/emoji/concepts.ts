/**
 * What an emoji concept is, how its code points are spelled, and which concepts are kept out of training.
 * Pure functions: no data package is needed here.
 */
import { Random } from './random.ts'

export const LANGUAGES = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it', 'de', 'pt', 'hi'] as const
export type Language = (typeof LANGUAGES)[number]

/** `flag`: flags of countries, regions and causes. `variant`: a gendered or skin-toned form of another concept. */
export type Kind = 'plain' | 'flag' | 'variant'

export interface Concept {
  /** Position in the list of all concepts; the label used everywhere else. */
  readonly index: number
  /** Lower-case code points joined by `-`, without U+FE0F: `1f469-200d-1f680`. */
  readonly code: string
  readonly emoji: string
  readonly category: string
  readonly kind: Kind
  /** Concepts that share a family (astronaut, man astronaut, woman astronaut) are held out together. */
  readonly family: string
  /** The CLDR short name per language. Unique within a language. */
  readonly names: Readonly<Record<Language, string>>
  /** The CLDR keywords per language, without the name itself. */
  readonly keywords: Readonly<Record<Language, readonly string[]>>
  /** True for the concepts that no stage of training may see, in any style or language. */
  readonly heldOut: boolean
}

/** One spelling for `1F469-200D-1F680.svg`, `0023-fe0f-20e3` and the like: lower case, no FE0F, no leading zeros. */
export function normalCode(code: string): string {
  return code
    .toLowerCase()
    .split('-')
    .map((part) => part.replace(/^0+/, ''))
    .filter((part) => part !== 'fe0f')
    .join('-')
}

/** The string that code points stand for. */
export function codeToText(code: string): string {
  return String.fromCodePoint(...code.split('-').map((part) => Number.parseInt(part, 16)))
}

/** The file-name form that icon sets make of an English name: `flag: Côte d’Ivoire` → `flag-cote-divoire`. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/&/g, 'and')
    .replace(/#/g, 'hash')
    .replace(/\*/g, 'asterisk')
    .replace(/[’'‘“”"!.()]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

const SKIN_TONES = new Set(['1f3fb', '1f3fc', '1f3fd', '1f3fe', '1f3ff'])
const PEOPLE = new Set(['1f468', '1f469', '1f9d1'])
const SIGNS = new Set(['2640', '2642'])

/** `variant` where a person's gender or skin tone is spelled out in a longer sequence. */
export function kindOf(code: string, category: string): Kind {
  if (category === 'Flags') return 'flag'
  const parts = code.split('-')
  if (parts.some((part) => SKIN_TONES.has(part))) return 'variant'
  const joined = parts.includes('200d')
  return joined && parts.some((part) => SIGNS.has(part) || PEOPLE.has(part)) ? 'variant' : 'plain'
}

/** The code with gender and skin tone taken out, so that all forms of one concept share it. */
export function familyOf(code: string): string {
  const parts = code.split('-')
  const kept = parts
    .filter((part) => !SKIN_TONES.has(part) && !SIGNS.has(part))
    .map((part) => (parts.length > 1 && PEOPLE.has(part) ? '1f9d1' : part))
  // Taking out a sign leaves its joiner behind at the end or doubled.
  const family = kept.join('-').replace(/(-200d)+(?=-200d|$)/g, '')
  return family === '' ? code : family
}

/**
 * Which families are held out: whole families in a seeded random order until the share is reached.
 *
 * @param families one entry per concept
 * @returns the held-out families
 */
export function holdOut(families: readonly string[], share: number, seed: number): Set<string> {
  const sizes = new Map<string, number>()
  for (const family of families) sizes.set(family, (sizes.get(family) ?? 0) + 1)
  const order = new Random(seed).permutation(sizes.size)
  const distinct = [...sizes.keys()]
  const held = new Set<string>()
  let count = 0
  for (const at of order) {
    if (count >= share * families.length) break
    held.add(distinct[at])
    count += sizes.get(distinct[at]) ?? 0
  }
  return held
}
