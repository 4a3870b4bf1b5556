import type { PictureInput } from '../models/model.ts'

export interface Picture {
  readonly id: string
  readonly input: PictureInput
}

/** Pictures with one or more captions each, in one language. */
export interface RetrievalData {
  readonly kind: 'retrieval'
  readonly pictures: readonly Picture[]
  /** `picture`: place of the picture that the text describes. */
  readonly captions: readonly { readonly id: string; readonly text: string; readonly picture: number }[]
  /** For the raw-pixel baseline: another picture for each caption, in their order, which stands in for its text. */
  readonly references?: readonly Picture[]
}

/** Pictures of one class each. */
export interface ClassificationData {
  readonly kind: 'classification'
  readonly pictures: readonly Picture[]
  /** For each picture, the place of its class. */
  readonly gold: readonly number[]
  readonly classes: readonly { readonly id: string; readonly name: string }[]
  /** Texts around a class name, with `{c}` where it goes. */
  readonly templates: readonly string[]
  /** For the raw-pixel baseline: one picture of each class, in their order, which stands in for its name. */
  readonly references?: readonly Picture[]
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
}

export type Dataset = RetrievalData | ClassificationData | PairsData | FoilsData
