import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { emojiNames, nameIn } from './cldr.ts'
import type { Picture, RetrievalData } from './dataset.ts'
import { packageFolder, packageJson, remembered } from './packages.ts'

interface OpenMoji {
  emoji: string
  hexcode: string
  group: string
  skintone: string
}

/** A person's gender or skin tone spelled out: a form of another emoji. */
const VARIANT = /200D|1F3F[B-F]/

const openMojiFolder = remembered(packageFolder)

/** OpenMoji's drawing of an emoji. */
export const openMoji = (code: string): Picture => ({
  id: code,
  input: join(openMojiFolder('openmoji'), 'color/svg', `${code}.svg`),
})

/** Twemoji's drawing of an emoji, if it has one; its file names leave most U+FE0F and all leading zeros out. */
function twemoji(folder: string, code: string): Picture | undefined {
  const parts = code.toLowerCase().split('-')
  const short = parts.map((part) => part.replace(/^0+/, ''))
  const names = [short.filter((part) => part !== 'fe0f').join('-'), short.join('-')]
  const input = names.map((name) => join(folder, `${name}.svg`)).find(existsSync)
  return input === undefined ? undefined : { id: code, input }
}

/** The emoji that both styles draw and that are no flags and no forms of others, in OpenMoji's order. */
const emojiConcepts = remembered((folder) => {
  return packageJson<OpenMoji[]>('openmoji', 'data/openmoji.json').flatMap((entry) => {
    const { emoji, hexcode, group, skintone } = entry
    const base = !group.startsWith('extras') && group !== 'flags' && group !== 'component'
    if (!base || skintone || VARIANT.test(hexcode)) return []
    const reference = twemoji(folder, hexcode)
    return reference === undefined ? [] : [{ emoji, code: hexcode, reference }]
  })
})

/**
 * OpenMoji's drawings of emoji and their CLDR names in one language; Twemoji's drawings are the references. Throws
 * `invalid-argument` when two emoji share a name.
 */
export function loadEmoji(language: string): RetrievalData {
  const names = emojiNames(language)
  const concepts = emojiConcepts(packageFolder('@twemoji/svg'))
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
    references: concepts.map(({ reference }) => reference),
  }
}
