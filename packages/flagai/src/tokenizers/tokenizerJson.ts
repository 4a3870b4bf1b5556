import { readFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { Tokenizer as Engine } from '@huggingface/tokenizers'
import { checkedMaxLength, type EncodeTextOptions, type Tokenizer } from './tokenizer.ts'
import { fromUtf8, toUtf8 } from './utf8.ts'

/** A `tokenizer.json`, run by the package `@huggingface/tokenizers`. */
export class JsonTokenizer implements Tokenizer {
  readonly #engine: Engine
  readonly vocabSize: number
  readonly padId: number

  /** `json` and `config` are the contents of tokenizer.json and, where there is one, tokenizer_config.json. */
  constructor(json: object, config: object = {}) {
    this.#engine = new Engine(json, config)
    const ids = [...this.#engine.get_vocab(true).values()]
    this.vocabSize = ids.reduce((most, id) => Math.max(most, id), -1) + 1
    const padToken = textOf((config as { pad_token?: unknown }).pad_token)
    const padding = (json as { padding?: { pad_id?: unknown } | null }).padding
    const pad = padToken ?? (typeof padding?.pad_id === 'number' ? padding.pad_id : '<pad>')
    this.padId = typeof pad === 'number' ? pad : (this.#engine.token_to_id(pad) ?? 0)
  }

  /** Opens a `tokenizer.json` and, if given, a `tokenizer_config.json`. Throws a FlagError that names the file. */
  static async fromFile(path: string, configPath?: string): Promise<JsonTokenizer> {
    const json = await readObject(path)
    const config = configPath === undefined ? {} : await readObject(configPath)
    try {
      return new JsonTokenizer(json, config)
    } catch (cause) {
      throw new FlagError('corrupt-file', `${path}: no tokenizer that can be read (${messageOf(cause)})`, {
        hint: 'give a tokenizer.json as the package tokenizers saves it',
        cause,
      })
    }
  }

  encode(text: string, options: EncodeTextOptions = {}): number[] {
    const { specialTokens = true } = options
    const ids = this.#ids(text, specialTokens)
    if (options.maxLength === undefined || ids.length <= options.maxLength) return ids
    const bare = specialTokens ? this.#ids(text, false) : ids
    const added = ids.length - bare.length
    const maxLength = checkedMaxLength(options.maxLength, added)
    // How many of the added ids come first: the text's own ids follow them.
    let before = 0
    while (before < added && !bare.every((id, i) => ids[before + i] === id)) before++
    const end = ids.length - (added - before)
    return [...ids.slice(0, before), ...bare.slice(0, maxLength - added), ...ids.slice(end)]
  }

  decode(ids: readonly number[]): string {
    return this.#engine.decode([...ids], { skip_special_tokens: true })
  }

  #ids(text: string, specialTokens: boolean): number[] {
    // Lone surrogates are U+FFFD, as in the other tokenizers.
    return this.#engine.encode(fromUtf8(toUtf8(text)), { add_special_tokens: specialTokens }).ids
  }
}

async function readObject(path: string): Promise<object> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new FlagError('not-found', `${path}: cannot be read`, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: not JSON (${messageOf(cause)})`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FlagError('corrupt-file', `${path}: expected a JSON object`)
  }
  return value
}

/** tokenizer_config.json spells a token as a string or as an object with its `content`. */
function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token
  const content = (token as { content?: unknown } | null | undefined)?.content
  return typeof content === 'string' ? content : undefined
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
