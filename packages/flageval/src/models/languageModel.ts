/** Σ ln p of a continuation after a context, and whether greedy decoding would have written it. */
export interface ContinuationScore {
  readonly logLikelihood: number
  readonly greedy: boolean
}

/** A text to be continued. */
export interface GenerationRequest {
  readonly prompt: string
  /** Texts that end the answer; they are not part of it. */
  readonly until: readonly string[]
  readonly maxTokens: number
  /** 0 is greedy. */
  readonly temperature: number
  /** Which of several answers to the same prompt this is, from 0. */
  readonly repeat: number
  /** All other settings of the task, as it names them. */
  readonly options: Readonly<Record<string, unknown>>
}

/** What a model is asked by a task. */
export type ModelRequest =
  | { readonly kind: 'loglikelihood'; readonly context: string; readonly continuation: string }
  | { readonly kind: 'rolling'; readonly text: string }
  | {
      readonly kind: 'generate'
      readonly prompt: string
      /** `until`, `max_gen_toks`, `temperature`, and whatever else the task names. */
      readonly options: Readonly<Record<string, unknown>>
    }

/** What a model answers: Σ ln p and whether it is the greedy answer; Σ ln p of a whole text; a text. */
export type ModelAnswer = readonly [number, boolean] | number | string

/** What evaluation needs of a language model. What it cannot do it leaves out, and tasks that need it are refused. */
export interface LanguageModel {
  /** Under this name its scores are shown. */
  readonly name: string
  /** Changes whenever the answers could: weights, prompts, numeric type. The cache is keyed by it. */
  readonly fingerprint: string
  /** One score for each pair, in order. */
  scoreContinuations?(
    pairs: readonly { readonly context: string; readonly continuation: string }[],
  ): Promise<ContinuationScore[]>
  /** Σ ln p of each whole text, every token once. */
  scoreTexts?(texts: readonly string[]): Promise<number[]>
  /** The answers without what ends them, in order. */
  generate?(requests: readonly GenerationRequest[]): Promise<string[]>
  dispose(): Promise<void>
}

/** Whether a model is one of language. */
export const isLanguageModel = (model: object): model is LanguageModel =>
  'scoreContinuations' in model || 'scoreTexts' in model || 'generate' in model

/** The answer up to the first of the texts that end it. */
export function cutAt(text: string, until: readonly string[]): string {
  return until.reduce((kept, end) => (end === '' ? kept : kept.split(end)[0]), text)
}
