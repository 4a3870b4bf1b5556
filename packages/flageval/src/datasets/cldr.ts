import { FlagError } from '@flag/core-tensor'
import { packageJson, remembered } from './packages.ts'

type Annotations = Record<string, { tts?: string[] }>

/** An emoji without the selectors that ask for its coloured form. */
const plain = (emoji: string) => emoji.replaceAll('\ufe0f', '')

/** The short names that Unicode CLDR gives emoji in one language, keyed by the emoji without U+FE0F. */
export const emojiNames = remembered((language): ReadonlyMap<string, string> => {
  const own = packageJson<{ annotations: { annotations: Annotations } }>(
    'cldr-annotations-full',
    `annotations/${language}/annotations.json`,
  ).annotations.annotations
  const derived = packageJson<{ annotationsDerived: { annotations: Annotations } }>(
    'cldr-annotations-derived-full',
    `annotationsDerived/${language}/annotations.json`,
  ).annotationsDerived.annotations
  const names = new Map<string, string>()
  // A locale that takes all names from its parent has no entries of its own.
  for (const [emoji, { tts }] of [...Object.entries(derived ?? {}), ...Object.entries(own ?? {})])
    if (tts?.[0]) names.set(plain(emoji), tts[0])
  return names
})

/** The name of an emoji in a language. Throws `not-found`. */
export function nameIn(language: string, names: ReadonlyMap<string, string>, emoji: string): string {
  const name = names.get(plain(emoji))
  if (name === undefined) throw new FlagError('not-found', `CLDR names ${emoji} not in ${language}`)
  return name
}

type DisplayNames = Record<'territories' | 'languages', Record<string, string>>

const displayNames = (language: string, what: keyof DisplayNames): Record<string, string> =>
  packageJson<{ main: Record<string, { localeDisplayNames: DisplayNames }> }>(
    'cldr-localenames-full',
    `main/${language}/${what}.json`,
  ).main[language].localeDisplayNames[what]

/** Names of countries and regions in one language, by ISO 3166 code. */
export const territoryNames = (language: string) => displayNames(language, 'territories')

/** Names of languages in one language, by CLDR code. */
export const languageNames = (language: string) => displayNames(language, 'languages')
