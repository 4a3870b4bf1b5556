import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import sharp from 'sharp'
import { emojiNames, nameIn, territoryNames } from './cldr.ts'
import type { ClassificationData, Episodes, Picture, Place } from './dataset.ts'
import { openMoji } from './emoji.ts'
import { type Negatives, tenOfEach, tenWay } from './episodes.ts'
import { packageFolder, packageJson, remembered } from './packages.ts'

const SIZE = 96

/** 🇫🇷 of FR. */
const flagOf = (code: string) =>
  String.fromCodePoint(...[...code].map((letter) => 0x1f1e6 + letter.charCodeAt(0) - 65))

const hexOf = (emoji: string) =>
  [...emoji].map((char) => (char.codePointAt(0) as number).toString(16).toUpperCase()).join('-')

/**
 * Flags of countries and regions with ISO 3166 codes, fitted whole into a white square, and their names in one language.
 * Templates: the bare name, and CLDR's form "flag: name". OpenMoji's drawings of the flags are the references.
 */
export async function loadFlags(language: string): Promise<ClassificationData> {
  const folder = join(packageFolder('svg-country-flags'), 'png250px')
  const territories = territoryNames(language)
  const names = emojiNames(language)
  const drawn = Object.keys(packageJson<Record<string, string>>('svg-country-flags', 'countries.json'))
    .filter((code) => /^[A-Z]{2}$/.test(code))
    .map((code) => ({
      code,
      file: join(folder, `${code.toLowerCase()}.png`),
      reference: openMoji(hexOf(flagOf(code))),
    }))
    .filter(({ file, reference }) => existsSync(file) && existsSync(reference.input))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
  const pictures: Picture[] = []
  for (const { code, file } of drawn) pictures.push({ id: code, input: await onSquare(file) })
  const classes = drawn.map(({ code }) => {
    const name = territories[code]
    if (!name) throw new FlagError('not-found', `CLDR names the country ${code} not in ${language}`)
    return { id: code, name }
  })
  return {
    kind: 'classification',
    pictures,
    gold: drawn.map((_, i) => i),
    classes,
    templates: ['{c}', flagTemplate(language, names, territories)],
    references: new Map(drawn.map(({ code, reference }) => [code, reference.input])),
  }
}

interface Country {
  cca2: string
  region: string
  subregion: string
  latlng: [number, number]
}

/** Where countries lie: regions of the United Nations and a point in the middle. */
const countries = remembered(
  (name) => new Map(packageJson<Country[]>(name, 'countries.json').map((country) => [country.cca2, country])),
)

/**
 * The country of a flag among ten, and how far the answer is from it: wrong ones from anywhere, of its continent or of
 * its part of the continent.
 */
export async function loadFlagPlaces(
  language: string,
  { negatives }: { negatives: Negatives },
): Promise<Episodes<ClassificationData>> {
  const { pictures, classes, templates, references } = await loadFlags(language)
  const known = countries('world-countries')
  const placed = classes.flatMap(({ id, name }, i) => {
    const country = known.get(id)
    if (!country?.subregion) return []
    const { region: area, subregion: block, latlng } = country
    const at: Place = latlng
    return [{ id, name, picture: pictures[i], area, block, at }]
  })
  return tenWay(tenOfEach(placed), templates, negatives, references)
}

/** "flag: {c}" in the language, from how CLDR names the flag of France. */
function flagTemplate(
  language: string,
  names: ReadonlyMap<string, string>,
  territories: Readonly<Record<string, string>>,
): string {
  const flag = nameIn(language, names, flagOf('FR'))
  const template = flag.replace(territories.FR, '{c}')
  if (!template.includes('{c}')) {
    throw new FlagError('invalid-argument', `${language}: "${flag}" does not contain "${territories.FR}"`)
  }
  return template
}

/** The picture's file, shrunk into a square and laid on white, as PNG bytes. */
const onSquare = remembered(async (file): Promise<Uint8Array> => {
  try {
    return await sharp(file)
      .flatten({ background: '#ffffff' })
      .resize(SIZE, SIZE, { fit: 'contain', background: '#ffffff' })
      .png({ compressionLevel: 6 })
      .toBuffer()
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: cannot be read: ${(cause as Error).message}`, { cause })
  }
})
