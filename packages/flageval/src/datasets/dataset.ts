import type { PictureInput } from '../models/model.ts'

export interface Picture {
  readonly id: string
  /** Several: frames of a video in their order. Their vectors, each of length 1, are averaged. */
  readonly input: PictureInput | readonly PictureInput[]
  /** Pictures with one cluster are not independent. */
  readonly cluster?: string
}

/** For the raw-pixel baseline: for each text by its id, a picture that shows what the text says. */
export type References = ReadonlyMap<string, PictureInput>

/** Pictures with one or more captions each, in one language. */
export interface RetrievalData {
  readonly kind: 'retrieval'
  readonly pictures: readonly Picture[]
  /** `picture`: place of the picture that the text describes. */
  readonly captions: readonly { readonly id: string; readonly text: string; readonly picture: number }[]
  /** Where a caption describes several pictures (MUGE): for each picture, the place of its caption. */
  readonly captionOf?: readonly number[]
  /** By the captions' ids. */
  readonly references?: References
}

/** A position on the globe in degrees. */
export type Place = readonly [latitude: number, longitude: number]

/** Pictures of one class each. */
export interface ClassificationData {
  readonly kind: 'classification'
  readonly pictures: readonly Picture[]
  /** For each picture, the place of its class. */
  readonly gold: readonly number[]
  /** `at`: where the class lies, for geolocalisation. */
  readonly classes: readonly { readonly id: string; readonly name: string; readonly at?: Place }[]
  /** Texts around a class name, with `{c}` where it goes; by class where each has its own. */
  readonly templates: readonly string[]
  /** By the classes' ids. */
  readonly references?: References
}

/** Pictures with classes to learn from, and others to be recognised: a linear probe. No text is read. */
export interface ProbeData {
  readonly kind: 'probe'
  readonly train: readonly Picture[]
  /** For each picture of `train`, and of `test`, the place of its class. */
  readonly labels: readonly number[]
  readonly test: readonly Picture[]
  readonly gold: readonly number[]
  readonly classes: readonly string[]
  /** Inverse strength of the penalty, as scikit-learn's C. */
  readonly c: number
}

/** Pictures that may be of several classes at once. */
export interface MultiLabelData {
  readonly kind: 'multi-label'
  readonly pictures: readonly Picture[]
  /** For each picture and class, whether it shows it. */
  readonly gold: readonly (readonly boolean[])[]
  readonly classes: readonly { readonly id: string; readonly name: string }[]
  readonly templates: readonly string[]
  readonly references?: References
}

/** Two pictures and two captions that differ in what belongs to what (Winoground). */
export interface PairsData {
  readonly kind: 'pair'
  readonly samples: readonly {
    readonly id: string
    readonly cluster: string
    readonly captions: readonly [string, string]
    readonly pictures: readonly [Picture, Picture]
  }[]
  /** By the captions themselves. */
  readonly references?: References
}

/** A picture, its caption and wrong ones (SugarCrepe, VALSE, ARO). */
export interface FoilsData {
  readonly kind: 'foil'
  readonly samples: readonly {
    readonly id: string
    readonly cluster: string
    readonly category: string
    readonly picture: Picture
    readonly right: string
    readonly wrong: readonly string[]
  }[]
  /** By the captions themselves. */
  readonly references?: References
}

/** Sentences and their translations, in the same order: each has to find the other among all. */
export interface BitextData {
  readonly kind: 'bitext'
  readonly sentences: readonly { readonly id: string; readonly text: string; readonly translation: string }[]
}

export type WholeDataset =
  | RetrievalData
  | ClassificationData
  | ProbeData
  | MultiLabelData
  | PairsData
  | FoilsData
  | BitextData

/** Data sets of one kind that are scored each by itself: every sample has the candidates of its own episode. */
export interface Episodes<D extends WholeDataset = WholeDataset> {
  readonly kind: 'episodes'
  readonly episodes: readonly { readonly id: string; readonly data: D }[]
}

export type Dataset = WholeDataset | Episodes
