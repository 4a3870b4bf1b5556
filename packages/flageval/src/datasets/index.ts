import type { Dataset } from './dataset.ts'
import { loadEmoji } from './emoji.ts'
import { loadFlags } from './flags.ts'
import { loadShapeFoils, loadShapePairs } from './shapes.ts'

interface Loader {
  load(language: string): Dataset | Promise<Dataset>
  /** The npm packages that the data comes from. */
  readonly packages: readonly string[]
}

const names = ['cldr-annotations-full', 'cldr-annotations-derived-full']

/** The data sets that tasks name. */
export const datasets = {
  emoji: { load: loadEmoji, packages: ['openmoji', '@twemoji/svg', ...names] },
  flags: { load: loadFlags, packages: ['svg-country-flags', 'cldr-localenames-full', 'openmoji', ...names] },
  'shape-pairs': { load: loadShapePairs, packages: names },
  'shape-foils': { load: loadShapeFoils, packages: names },
} satisfies Record<string, Loader>

export type DatasetName = keyof typeof datasets
export type { ClassificationData, Dataset, FoilsData, PairsData, Picture, RetrievalData } from './dataset.ts'
