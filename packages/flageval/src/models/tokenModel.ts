import { FlagError } from '@flag/core-tensor'
import { endsWithSpace, stripEnd } from '../python/text.ts'
import type { ContinuationScore, LanguageModel } from './languageModel.ts'

/** A model that sees tokens: what `LanguageModel` can be made of. */
export interface TokenModel {
  readonly name: string
  readonly fingerprint: string
  /** Tokens that fit: the context with all but the last token of the continuation. */
  readonly maxLength: number
  /** The token that stands before a text that has no context: begin of sequence, else end. */
  readonly prefixToken: number
  encode(text: string): number[]
  /** Σ ln p of each continuation after its context; both hold at least one token. */
  score(pairs: readonly TokenPair[]): Promise<ContinuationScore[]>
  dispose(): Promise<void>
}

export interface TokenPair {
  readonly context: readonly number[]
  readonly continuation: readonly number[]
}

/**
 * Cuts a text into windows in which every token is predicted once: the first has up to `length` tokens, the others up to
 * length − context + 1, each with as much text before it as fits (lm-eval's `get_rolling_token_windows` made disjoint).
 * Throws `invalid-argument` unless 1 ≤ context ≤ length.
 */
export function rollingWindows(
  tokens: readonly number[],
  prefixToken: number,
  length: number,
  context = 1,
): TokenPair[] {
  if (!(context >= 1 && context <= length)) {
    throw new FlagError(
      'invalid-argument',
      `windows of ${length} tokens with a context of ${context}: expected 1 to ${length}`,
    )
  }
  const windows: TokenPair[] = []
  for (let done = 0; done < tokens.length; ) {
    const most = done === 0 ? length : length - context + 1
    const end = Math.min(done + most, tokens.length)
    const before = done === 0 ? [prefixToken] : tokens.slice(end - length - 1, done)
    windows.push({ context: before, continuation: tokens.slice(done, end) })
    done = end
  }
  return windows
}

/** The two texts as tokens: white space at the end of the context belongs to the continuation. */
function encodePair(model: TokenModel, context: string, continuation: string): TokenPair {
  if (context === '') {
    const tokens = model.encode(continuation)
    if (tokens.length > 1 && tokens[0] === model.prefixToken)
      return { context: [tokens[0]], continuation: tokens.slice(1) }
    return { context: [model.prefixToken], continuation: tokens }
  }
  const kept = endsWithSpace(context) ? stripEnd(context) : context
  const own = model.encode(kept)
  return { context: own, continuation: model.encode(context + continuation).slice(own.length) }
}

/** A language model made of one that sees tokens, as lm-eval makes requests of texts. It does not generate. */
export function fromTokens(model: TokenModel): LanguageModel {
  const fitting = ({ context, continuation }: TokenPair): TokenPair => {
    const room = model.maxLength + 1 - continuation.length
    if (room < 1) {
      throw new FlagError(
        'invalid-argument',
        `a continuation of ${continuation.length} tokens does not fit ${model.name}, which holds ${model.maxLength}`,
      )
    }
    return { context: context.slice(-room), continuation }
  }
  return {
    name: model.name,
    fingerprint: model.fingerprint,
    scoreContinuations: (pairs) =>
      model.score(
        pairs.map(({ context, continuation }) => fitting(encodePair(model, context, continuation))),
      ),
    scoreTexts: async (texts) => {
      const sums: number[] = []
      for (const text of texts) {
        const scores = await model.score(
          rollingWindows(model.encode(text), model.prefixToken, model.maxLength),
        )
        sums.push(scores.reduce((sum, { logLikelihood }) => sum + logLikelihood, 0))
      }
      return sums
    },
    dispose: () => model.dispose(),
  }
}
