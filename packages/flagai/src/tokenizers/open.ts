import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { ClipTokenizer } from './clip.ts'
import type { Tokenizer } from './tokenizer.ts'
import { JsonTokenizer } from './tokenizerJson.ts'
import { XlmRobertaTokenizer } from './xlmRoberta.ts'

const PIECES = 'sentencepiece.bpe.model'
const JSON_FILE = 'tokenizer.json'
const JSON_CONFIG = 'tokenizer_config.json'
const MERGES = ['merges.txt', 'bpe_simple_vocab_16e6.txt.gz']
const VOCABULARY = 'vocab.json'

/**
 * Opens the tokenizer of a model's folder: `sentencepiece.bpe.model`, else `tokenizer.json`, else CLIP's `merges.txt`
 * with `vocab.json`, else the `bpe_simple_vocab_16e6.txt.gz` of the original code.
 *
 * Throws `not-found` when the folder has none of them, else a FlagError that names the file.
 */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const pieces = join(folder, PIECES)
  if (existsSync(pieces)) return XlmRobertaTokenizer.fromFile(pieces)
  const json = join(folder, JSON_FILE)
  const config = join(folder, JSON_CONFIG)
  if (existsSync(json)) return JsonTokenizer.fromFile(json, existsSync(config) ? config : undefined)
  const merges = MERGES.map((name) => join(folder, name)).find((file) => existsSync(file))
  const vocabulary = join(folder, VOCABULARY)
  if (merges) return ClipTokenizer.fromFile(merges, existsSync(vocabulary) ? vocabulary : undefined)
  throw new FlagError(
    'not-found',
    `${folder}: no tokenizer (none of ${[PIECES, JSON_FILE, ...MERGES].join(', ')})`,
    {
      hint: 'copy the tokenizer that was published with the model into this folder',
    },
  )
}
