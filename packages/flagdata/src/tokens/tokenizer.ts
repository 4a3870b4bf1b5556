import { readFile } from 'node:fs/promises'
import { DataError } from '../errors.ts'

/** Turns texts into token numbers. */
export interface TextTokenizer {
  /** The file it was opened from. */
  readonly name: string
  /** 2 if every token number fits into 16 bits, else 4. */
  readonly bytesPerToken: 2 | 4
  encode(text: string): readonly number[]
  tokenNumber(token: string): number | undefined
}

export interface TokenizerOptions {
  /**
   * The token that follows each document, such as `<|endoftext|>`; it replaces what the tokenizer itself puts around a
   * text. Without it the tokenizer's own rule applies.
   */
  endOfText?: string
}

/**
 * Opens a `tokenizer.json` of Hugging Face's format.
 *
 * @throws DataError `not-found`, `invalid-argument` if the file is none or lacks the token
 */
export async function openTokenizer(
  path: string,
  { endOfText }: TokenizerOptions = {},
): Promise<TextTokenizer> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new DataError('not-found', `${path}: cannot be read`, {
      hint: 'give the tokenizer.json of a model',
      cause,
    })
  })
  const { Tokenizer } = await import('@huggingface/tokenizers')
  let engine: InstanceType<typeof Tokenizer>
  try {
    engine = new Tokenizer(JSON.parse(text), {})
  } catch (cause) {
    throw new DataError('invalid-argument', `${path}: not a tokenizer.json: ${(cause as Error).message}`, {
      cause,
    })
  }
  const end = endOfText === undefined ? undefined : engine.token_to_id(endOfText)
  if (endOfText !== undefined && end === undefined)
    throw new DataError('invalid-argument', `${path}: has no token "${endOfText}"`)
  const size = engine.get_vocab(true).size
  return {
    name: path,
    bytesPerToken: size > 65536 ? 4 : 2,
    encode(text) {
      const { ids } = engine.encode(text, { add_special_tokens: end === undefined })
      return end === undefined ? ids : [...ids, end]
    },
    tokenNumber: (token) => engine.token_to_id(token),
  }
}
