import type { PictureInput } from '../models/model.ts'
import type { ProgramLanguage } from '../sandbox/runners.ts'

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

/** Pictures, or texts, with classes to learn from, and others to be recognised: a linear probe. */
export interface ProbeData {
  readonly kind: 'probe'
  /** What is recognised; each `input` of a text is the text. */
  readonly of: 'image' | 'text'
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

/** Questions with choices, one of which is right: a language model weighs each behind the prompt. */
export interface ChoiceData {
  readonly kind: 'choice'
  readonly questions: readonly {
    readonly id: string
    readonly cluster?: string
    readonly prompt: string
    readonly choices: readonly string[]
    readonly gold: number
  }[]
  /** Between prompt and choice. */
  readonly delimiter: string
}

/** Texts of which a language model says how likely they are. */
export interface LikelihoodData {
  readonly kind: 'likelihood'
  readonly texts: readonly { readonly id: string; readonly text: string }[]
}

/** Texts whose end a language model has to expect. */
export interface ContinuationData {
  readonly kind: 'continuation'
  readonly samples: readonly {
    readonly id: string
    readonly context: string
    readonly continuation: string
  }[]
}

/** How an answer ends, and how it is drawn. */
export interface Generation {
  readonly until: readonly string[]
  readonly maxTokens: number
  /** Default 0: greedy. */
  readonly temperature?: number
}

/** Questions that a language model answers in words. */
export interface AnswerData {
  readonly kind: 'answer'
  readonly questions: readonly {
    readonly id: string
    readonly prompt: string
    readonly references: readonly string[]
  }[]
  readonly generation: Generation
}

/** Programs that a language model completes; each passes when it runs to its end with the test behind it. */
export interface CodeData {
  readonly kind: 'code'
  readonly problems: readonly { readonly id: string; readonly prompt: string; readonly test: string }[]
  readonly language: ProgramLanguage
  readonly generation: Generation
  /** Programs for each problem. */
  readonly answers: number
}

/** Prompts to draw pictures of. */
export interface PromptsData {
  readonly kind: 'prompts'
  readonly prompts: readonly { readonly id: string; readonly text: string }[]
}

/** What vectors of texts and pictures answer. */
export type VectorDataset =
  | RetrievalData
  | ClassificationData
  | ProbeData
  | MultiLabelData
  | PairsData
  | FoilsData
  | BitextData

/** What a language model answers. */
export type LanguageDataset = ChoiceData | LikelihoodData | ContinuationData | AnswerData | CodeData

export type WholeDataset = VectorDataset | LanguageDataset | PromptsData

/** Data sets of one kind that are scored each by itself: every sample has the candidates of its own episode. */
export interface Episodes<D extends VectorDataset = VectorDataset> {
  readonly kind: 'episodes'
  readonly episodes: readonly { readonly id: string; readonly data: D }[]
}

export type Dataset = WholeDataset | Episodes

export const isLanguageDataset = (data: Dataset): data is LanguageDataset =>
  ['choice', 'likelihood', 'continuation', 'answer', 'code'].includes(data.kind)
