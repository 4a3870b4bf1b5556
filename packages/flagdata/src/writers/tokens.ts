import { openTokenFile } from '../tokens/files.ts'
import { openTokenizer, type TextTokenizer } from '../tokens/tokenizer.ts'
import type { OutputFormat } from './format.ts'

/** Tokenizers are large; a thread keeps the last one. */
let last: { key: string; tokenizer: Promise<TextTokenizer> } | undefined

function tokenizerOf(path: string, endOfText: string | undefined): Promise<TextTokenizer> {
  const key = JSON.stringify([path, endOfText])
  if (last?.key !== key) last = { key, tokenizer: openTokenizer(path, { endOfText }) }
  return last.tokenizer
}

/** Token files as datatrove writes them; limits on bytes are meant for the text. */
export const tokens: OutputFormat = {
  endings: { none: '.ds' },
  sizeOf: ({ text }) => Buffer.byteLength(text),
  async open(path, _, { tokenizer = '', endOfText }) {
    const { bytesPerToken, encode } = await tokenizerOf(tokenizer, endOfText)
    const { add, ...file } = await openTokenFile(path, { bytesPerToken, tokenizer })
    return { add: ({ text }) => add(encode(text)), ...file }
  },
}
