import type { Terminal } from '@flag/core-tensor/terminal'
import { type Command, Option } from 'commander'
import { DataError } from '../errors.ts'
import { mergeTokens } from '../tokens/merge.ts'
import { openTokenizer } from '../tokens/tokenizer.ts'
import { wholeNumber } from './execute.ts'
import { ProgressLine } from './progress.ts'

export function addTokens(program: Command, terminal: Terminal): void {
  program
    .command('tokens')
    .description(
      'join the token files that a run wrote into files for training: shuffled, in windows, or packed',
    )
    .argument('<input>', 'folder of .ds files')
    .requiredOption('--output <folder>', 'folder to write')
    .addOption(
      new Option(
        '--order <name>',
        'documents in random order, windows of all tokens, whole documents packed, or as they are',
      )
        .choices(['documents', 'windows', 'packed', 'as-is'])
        .default('documents'),
    )
    .addOption(
      new Option('--format <name>', 'kind of files').choices(['datatrove', 'megatron']).default('datatrove'),
    )
    .option('--length <n>', 'tokens of a window or packed sequence', wholeNumber(1), 2049)
    .option('--padding <token>', 'packed: the token that fills up; needs --tokenizer')
    .option('--tokenizer <file>', 'the tokenizer.json')
    .option('--name <name>', 'files are 000_<name>.ds, …', 'tokens')
    .option('--seed <n>', 'chooses the order', wholeNumber(0), 0)
    .option('--max-tokens-per-file <n>', 'then another file begins', wholeNumber(1), 100_000_000_000)
    .option('--max-tokens <n>', 'stop after so many', wholeNumber(1))
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText(
      'after',
      `
Examples:
  flagdata run recipe.yaml                  (with write: { format: tokens, path: tokens, tokenizer: tokenizer.json })
  flagdata tokens tokens --output train --order packed --length 4097 --tokenizer tokenizer.json --padding "<|endoftext|>"
  flagdata tokens tokens --output megatron --format megatron --order documents`,
    )
    .action(async (input, options) => {
      const progress = new ProgressLine(terminal)
      const result = await mergeTokens({
        ...options,
        input,
        padding: await paddingOf(options),
        onProgress: (done, total) =>
          progress.update({ phase: 'tokens', done, total, documents: 0, bytes: 0, removed: {} }),
      }).finally(() => progress.end())
      if (options.json) {
        terminal.out(`${JSON.stringify(result, null, 2)}\n`)
        return
      }
      const { files, documents, tokens, dropped, padded, cut } = result
      const share = ((100 * padded) / Math.max(1, tokens + padded)).toFixed(2)
      terminal.out(`${tokens} tokens of ${documents} documents in ${files} files in ${options.output}\n`)
      if (dropped > 0) terminal.out(`${dropped} tokens did not fill a window\n`)
      if (options.order === 'packed')
        terminal.out(`${cut} documents were cut, ${padded} tokens fill up (${share} %)\n`)
    })
}

async function paddingOf({
  padding,
  tokenizer,
}: {
  padding?: string
  tokenizer?: string
}): Promise<number | undefined> {
  if (padding === undefined) return undefined
  if (tokenizer === undefined) throw new DataError('invalid-argument', '--padding needs --tokenizer')
  const number = (await openTokenizer(tokenizer)).tokenNumber(padding)
  if (number === undefined) throw new DataError('invalid-argument', `${tokenizer}: has no token "${padding}"`)
  return number
}
