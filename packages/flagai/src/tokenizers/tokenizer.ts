import { FlagError, Tensor } from '@flag/core-tensor'

export interface EncodeTextOptions {
  /** The greatest number of ids, those of the model's format included; the text is cut, its end mark stays. */
  maxLength?: number
  /** Whether to add the marks of begin and end. Default true. */
  specialTokens?: boolean
}

/** From text to the ids that a model reads, and back. */
export interface Tokenizer {
  /** Ids are 0 to `vocabSize` - 1. */
  readonly vocabSize: number
  /** The id that fills short rows. */
  readonly padId: number
  /** Throws `invalid-argument` for a `maxLength` that has no place for the marks of begin and end. */
  encode(text: string, options?: EncodeTextOptions): number[]
  /** The text of ids, without marks of begin, end and padding. */
  decode(ids: readonly number[]): string
}

export interface EncodedBatch {
  /** int64 `[texts, length]`, padded on the right with `padId`. */
  readonly inputIds: Tensor<'int64'>
  /** int64 `[texts, length]`: 1 for ids of the text, 0 for padding. */
  readonly attentionMask: Tensor<'int64'>
}

/** Texts as one batch. `padding` is the longest text's length unless it is `maxLength`, which then must be given. */
export function encodeBatch(
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: EncodeTextOptions & { padding?: 'longest' | 'maxLength' } = {},
): EncodedBatch {
  const { padding = 'longest', ...encoding } = options
  if (padding === 'maxLength' && encoding.maxLength === undefined) {
    throw new FlagError('invalid-argument', 'padding to maxLength needs a maxLength')
  }
  const rows = texts.map((text) => tokenizer.encode(text, encoding))
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0)
  const length = padding === 'maxLength' ? (encoding.maxLength as number) : longest
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(tokenizer.padId))
  const mask = new BigInt64Array(rows.length * length)
  for (const [i, row] of rows.entries()) {
    ids.set(row.map(BigInt), i * length)
    mask.fill(1n, i * length, i * length + row.length)
  }
  const shape = [rows.length, length]
  return { inputIds: new Tensor('int64', shape, ids), attentionMask: new Tensor('int64', shape, mask) }
}

/** Checks `maxLength` against the number of ids that a format adds, and returns it (Infinity for none). */
export function checkedMaxLength(maxLength: number | undefined, added: number): number {
  if (maxLength === undefined) return Number.POSITIVE_INFINITY
  if (!Number.isSafeInteger(maxLength) || maxLength < Math.max(1, added)) {
    throw new FlagError(
      'invalid-argument',
      `maxLength must be a whole number from ${Math.max(1, added)}, got ${maxLength}`,
    )
  }
  return maxLength
}
