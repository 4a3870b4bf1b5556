import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { Tokenizer } from './tokenizer.ts'
import { JsonTokenizer } from './tokenizerJson.ts'
import { XlmRobertaTokenizer } from './xlmRoberta.ts'

const PIECES = 'sentencepiece.bpe.model'
const JSON_FILE = 'tokenizer.json'
const JSON_CONFIG = 'tokenizer_config.json'

/**
 * Opens the tokenizer of a model's folder: `sentencepiece.bpe.model`, else `tokenizer.json`.
 *
 * Throws `not-found` when the folder has neither, else a FlagError that names the file.
 */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const pieces = join(folder, PIECES)
  if (existsSync(pieces)) return XlmRobertaTokenizer.fromFile(pieces)
  const json = join(folder, JSON_FILE)
  const config = join(folder, JSON_CONFIG)
  if (existsSync(json)) return JsonTokenizer.fromFile(json, existsSync(config) ? config : undefined)
  throw new FlagError('not-found', `${folder}: no tokenizer (neither ${PIECES} nor ${JSON_FILE})`, {
    hint: 'copy the tokenizer that was published with the model into this folder',
  })
}
