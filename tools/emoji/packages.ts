/** Reads the installed data packages: emoji list, CLDR names, and one finder of picture files per style. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type Concept,
  codeToText,
  familyOf,
  holdOut,
  kindOf,
  LANGUAGES,
  type Language,
  normalCode,
  slug,
} from './concepts.ts'

const root = fileURLToPath(new URL('./node_modules/', import.meta.url))

function readJson<T>(path: string): T {
  try {
    return JSON.parse(readFileSync(root + path, 'utf8')) as T
  } catch (cause) {
    throw new Error(`cannot read ${root}${path}: run \`npm ci --prefix tools/emoji\` first`, { cause })
  }
}

/** A picture of one code in one style, before rendering. */
export type Source = { readonly file: string } | { readonly svg: string }
/** Finds the picture of a code; `name` is its English CLDR name. */
export type Finder = (code: string, name: string) => Source | undefined

interface EmojiRecord {
  unified: string
  category: string
  sort_order: number
  skin_variations?: Record<string, { unified: string }>
}
type Annotations = Record<string, { default?: string[]; tts?: string[] }>

/** CLDR names and keywords of one language, keyed by the emoji without U+FE0F. */
function readAnnotations(language: Language): Map<string, { name: string; keywords: string[] }> {
  const plain = readJson<{ annotations: { annotations: Annotations } }>(
    `cldr-annotations-full/annotations/${language}/annotations.json`,
  ).annotations.annotations
  const derived = readJson<{ annotationsDerived: { annotations: Annotations } }>(
    `cldr-annotations-derived-full/annotationsDerived/${language}/annotations.json`,
  ).annotationsDerived.annotations
  const found = new Map<string, { name: string; keywords: string[] }>()
  for (const [emoji, entry] of [...Object.entries(derived), ...Object.entries(plain)]) {
    const name = entry.tts?.[0]
    if (name === undefined) continue
    const keywords = (entry.default ?? []).filter((word) => word !== name)
    found.set(emoji.replaceAll('\ufe0f', ''), { name, keywords })
  }
  return found
}

/** A concept together with the codes of its skin-toned forms (extra training pictures, not concepts). */
export interface ConceptEntry {
  readonly concept: Concept
  readonly skins: readonly { readonly code: string; readonly name: string }[]
}

/** All base emoji in Unicode order, with names and keywords in twelve languages and the held-out tenth marked. */
export function readConcepts(heldOutShare = 0.1, seed = 12): ConceptEntry[] {
  const records = readJson<EmojiRecord[]>('emoji-datasource-google/emoji.json')
  records.sort((a, b) => a.sort_order - b.sort_order || (a.unified < b.unified ? -1 : 1))
  const codes = records.map((record) => normalCode(record.unified))
  const families = codes.map(familyOf)
  const held = holdOut(families, heldOutShare, seed)
  const annotations = new Map(LANGUAGES.map((language) => [language, readAnnotations(language)]))
  const entry = (language: Language, emoji: string) => {
    const found = annotations.get(language)?.get(emoji)
    if (!found) throw new Error(`CLDR has no ${language} name for ${emoji}`)
    return found
  }
  return records.map((record, index) => {
    const code = codes[index]
    const emoji = codeToText(code)
    const concept: Concept = {
      index,
      code,
      emoji,
      category: record.category,
      kind: kindOf(code, record.category),
      family: families[index],
      names: Object.fromEntries(LANGUAGES.map((l) => [l, entry(l, emoji).name])) as Concept['names'],
      keywords: Object.fromEntries(
        LANGUAGES.map((l) => [l, entry(l, emoji).keywords]),
      ) as unknown as Concept['keywords'],
      heldOut: held.has(families[index]),
    }
    const skins = Object.values(record.skin_variations ?? {}).map((variation) => {
      const skin = normalCode(variation.unified)
      return { code: skin, name: entry('en', codeToText(skin)).name }
    })
    return { concept, skins }
  })
}

/** Pictures that lie in a folder as `<code points>.<extension>`. */
function folder(path: string): Finder {
  const files = new Map<string, string>()
  for (const file of readdirSync(root + path)) {
    const code = normalCode(file.replace(/\.\w+$/, ''))
    if (/^[0-9a-f-]+$/.test(code)) files.set(code, `${root}${path}/${file}`)
  }
  return (code) => {
    const file = files.get(code)
    return file === undefined ? undefined : { file }
  }
}

interface IconSet {
  icons: Record<string, { body: string; width?: number; height?: number; left?: number; top?: number }>
  aliases?: Record<string, { parent: string }>
  width?: number
  height?: number
}

/** Pictures of an Iconify set, found by code point where the set lists them, else by English name. */
function iconify(name: string): Finder {
  const set = readJson<IconSet>(`@iconify-json/${name}/icons.json`)
  const chars = readJson<Record<string, string>>(`@iconify-json/${name}/chars.json`)
  const byCode = new Map(Object.entries(chars).map(([code, icon]) => [normalCode(code), icon]))
  const find = (icon: string | undefined) =>
    icon === undefined ? undefined : (set.icons[icon] ?? set.icons[set.aliases?.[icon]?.parent ?? ''])
  return (code, english) => {
    const word = slug(english)
    const icon =
      find(byCode.get(code)) ??
      find(word) ??
      find(word.replace(/^flag-/, 'flag-for-flag-')) ??
      find(word.replace(/^flag-/, 'flag-for-'))
    if (!icon) return undefined
    const box = [
      icon.left ?? 0,
      icon.top ?? 0,
      icon.width ?? set.width ?? 16,
      icon.height ?? set.height ?? 16,
    ]
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box.join(' ')}">${icon.body}</svg>`
    return { svg }
  }
}

/** The styles that the model may be trained on. Three families: Noto, Twemoji, Fluent. */
export const TRAINING_STYLES = [
  'noto',
  'noto-v1',
  'twemoji',
  'fluent-3d',
  'fluent-flat',
  'fluent-color',
  'fluent-contrast',
] as const
/** The style that is only ever looked at by the evaluation and the quickstart. */
export const TEST_STYLE = 'openmoji'
export type Style = (typeof TRAINING_STYLES)[number] | typeof TEST_STYLE

/** Opens the package of a style. */
export function openStyle(style: Style): Finder {
  switch (style) {
    case 'noto':
      return folder('emoji-datasource-google/img/google/64')
    case 'noto-v1':
      return iconify('noto-v1')
    case 'twemoji':
      return iconify('twemoji')
    case 'fluent-3d':
      return folder('@lobehub/fluent-emoji-3d/assets')
    case 'fluent-flat':
      return folder('@lobehub/fluent-emoji-flat/assets')
    case 'fluent-color':
      return folder('@lobehub/fluent-emoji-modern/assets')
    case 'fluent-contrast':
      return iconify('fluent-emoji-high-contrast')
    case 'openmoji':
      return folder('openmoji/color/svg')
  }
}

/** Versions of the data packages, for cache keys and the model card. */
export function packageVersions(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return manifest.devDependencies
}
