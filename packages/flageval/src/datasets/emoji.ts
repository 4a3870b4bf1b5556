import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { emojiNames, nameIn } from './cldr.ts'
import type { ClassificationData, Episodes, ProbeData, RetrievalData } from './dataset.ts'
import { CANDIDATES, type Concept, galleries, type Negatives, tenOfEach, tenWay } from './episodes.ts'
import { packageFolder, packageJson, remembered } from './packages.ts'

interface OpenMoji {
  emoji: string
  hexcode: string
  group: string
  subgroups: string
  skintone: string
  unicode: number
}

/** A person's gender or skin tone spelled out: a form of another emoji. */
const VARIANT = /200D|1F3F[B-F]/

const openMojiFolder = remembered(packageFolder)

/** OpenMoji's drawing of an emoji. */
export const openMoji = (code: string): { id: string; input: string } => ({
  id: code,
  input: join(openMojiFolder('openmoji'), 'color/svg', `${code}.svg`),
})

/** Twemoji's drawing of an emoji, if it has one; its file names leave most U+FE0F and all leading zeros out. */
function twemoji(folder: string, code: string): string | undefined {
  const parts = code.toLowerCase().split('-')
  const short = parts.map((part) => part.replace(/^0+/, ''))
  const names = [short.filter((part) => part !== 'fe0f').join('-'), short.join('-')]
  return names.map((name) => join(folder, `${name}.svg`)).find(existsSync)
}

/** The emoji that both styles draw and that are no flags and no forms of others, in OpenMoji's order. */
const emojiConcepts = remembered((folder) => {
  return packageJson<OpenMoji[]>('openmoji', 'data/openmoji.json').flatMap((entry) => {
    const { emoji, hexcode, group, subgroups, skintone, unicode } = entry
    const base = !group.startsWith('extras') && group !== 'flags' && group !== 'component'
    if (!base || skintone || VARIANT.test(hexcode)) return []
    const reference = twemoji(folder, hexcode)
    return reference === undefined
      ? []
      : [{ emoji, code: hexcode, area: group, block: subgroups, unicode, reference }]
  })
})

/**
 * OpenMoji's drawings of emoji and their CLDR names in one language; Twemoji's drawings are the references. Throws
 * `invalid-argument` when two emoji share a name.
 *
 * @param options.unicode only emoji up to this version of Unicode, without keycaps: what most languages have names for
 */
export function loadEmoji(language: string, options: { unicode?: number } = {}): RetrievalData {
  const names = emojiNames(language)
  const concepts = emojiConcepts(packageFolder('@twemoji/svg')).filter(
    ({ unicode, block }) =>
      options.unicode === undefined || (unicode <= options.unicode && block !== 'keycap'),
  )
  const captions = concepts.map(({ emoji, code }, picture) => ({
    id: code,
    text: nameIn(language, names, emoji),
    picture,
  }))
  const seen = new Set(captions.map(({ text }) => text))
  if (seen.size !== captions.length) {
    throw new FlagError(
      'invalid-argument',
      `${captions.length - seen.size} emoji share their name in ${language}`,
    )
  }
  return {
    kind: 'retrieval',
    pictures: concepts.map(({ code }) => openMoji(code)),
    captions,
    references: new Map(concepts.map(({ code, reference }) => [code, reference])),
  }
}

/** Ten emoji of every second kind that has them, with their names in one language. */
function emojiOfEachKind(language: string): { concepts: Concept[]; references: Map<string, string> } {
  const names = emojiNames(language)
  const chosen = tenOfEach(emojiConcepts(packageFolder('@twemoji/svg'))).filter(
    (_, i) => Math.floor(i / CANDIDATES) % 2 === 0,
  )
  return {
    concepts: chosen.map(({ emoji, code, area, block }) => ({
      id: code,
      name: nameIn(language, names, emoji),
      picture: openMoji(code),
      area,
      block,
    })),
    references: new Map(chosen.map(({ code, reference }) => [code, reference])),
  }
}

/** Emoji and their names in galleries of `gallery` each, from all kinds. */
export function loadEmojiGalleries(
  language: string,
  { gallery }: { gallery: number },
): Episodes<RetrievalData> {
  const { concepts, references } = emojiOfEachKind(language)
  return galleries(concepts, gallery, references)
}

/** The name of an emoji among ten: wrong ones from anywhere, of its group (food) or of its kind (fruit). */
export function loadEmojiClasses(
  language: string,
  { negatives }: { negatives: Negatives },
): Episodes<ClassificationData> {
  const { concepts, references } = emojiOfEachKind(language)
  return tenWay(concepts, ['{c}'], negatives, references)
}

/**
 * The kind of an emoji (fruit, hats of faces) learnt from Twemoji's drawings of some of each kind and asked of OpenMoji's
 * drawings of all. No language is involved: `language` is not read. `shots` are the drawings of each kind to learn from,
 * `c` is the inverse strength of the probe's penalty.
 */
export function loadEmojiKinds(_language: string, { shots, c }: { shots: number; c: number }): ProbeData {
  const { concepts, references } = emojiOfEachKind('en')
  const classes = [...new Set(concepts.map(({ block }) => block))]
  const place = ({ block }: Concept) => classes.indexOf(block)
  const seen = concepts.filter((_, i) => i % CANDIDATES < shots)
  return {
    kind: 'probe',
    of: 'image',
    train: seen.map(({ id }) => ({ id, input: references.get(id) as string })),
    labels: seen.map(place),
    test: concepts.map(({ picture }) => picture),
    gold: concepts.map(place),
    classes,
    c,
  }
}
