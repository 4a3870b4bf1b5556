import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { DataError } from '../errors.ts'
import { defineStep } from '../pipeline/define.ts'
import { flagData, outside, rangeReasons } from '../pipeline/range.ts'

/** Long texts are counted in parts of at most this many characters, cut at white space. */
const PART = 20_000

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new DataError('not-found', `${path}: cannot be read`, {
      hint: 'give the tokenizer.json of a model',
      cause,
    })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DataError('corrupt-file', `${path}: is no JSON`, {
      hint: 'give the tokenizer.json of a model',
      cause,
    })
  }
}

/**
 * Removes texts by their number of tokens, those that a model adds at the ends not counted. Texts of more than 20,000
 * characters are counted in parts that end at white space, which bounds memory; a token that would span such a place
 * counts twice.
 */
export const tokenNumFilter = defineStep({
  name: 'token-num-filter',
  summary: 'Removes texts with too few or too many tokens of a tokenizer.',
  source: flagData('data_operator/samplefilter/token_num_filter.py'),
  reasons: rangeReasons('token_num'),
  differences: [
    'The tokenizer is a file, `tokenizer.json`, and has no default; there its name is given, `bert-base-uncased` by default, and it is downloaded.',
    'Text is cut into parts of 20,000 characters at white space before it is tokenized.',
  ],
  options: z.strictObject({
    tokenizer: z
      .string()
      .min(1)
      .describe('a tokenizer.json; tokenizer_config.json is read where it lies beside it'),
    minTokens: z.int().min(0).default(10).describe('fewest tokens'),
    maxTokens: z.int().min(0).default(100_000_000).describe('most tokens'),
  }),
  async prepare({ tokenizer: path }) {
    const { Tokenizer } = await import('@huggingface/tokenizers')
    const config = await readFile(join(dirname(path), 'tokenizer_config.json'), 'utf8').catch(() => '{}')
    const json = await readJson(path)
    try {
      return new Tokenizer(json as object, JSON.parse(config) as object)
    } catch (cause) {
      throw new DataError('corrupt-file', `${path}: is no tokenizer: ${(cause as Error).message}`, {
        hint: 'give the tokenizer.json of a model',
        cause,
      })
    }
  },
  create({ minTokens, maxTokens }, tokenizer) {
    const tokens = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids.length
    return ({ value }) => {
      let sum = 0
      for (let at = 0; at < value.length; ) {
        const end = endOfPart(value, at)
        sum += tokens(value.slice(at, end))
        at = end
      }
      return outside('token_num', sum, minTokens, maxTokens)
    }
  },
})

function endOfPart(text: string, start: number): number {
  if (text.length - start <= PART) return text.length
  for (let end = start + PART; end > start; end--) if (/\s/.test(text[end])) return end
  // No white space at all: cut between characters.
  return start + PART - ((text.charCodeAt(start + PART) & 0xfc00) === 0xdc00 ? 1 : 0)
}
