import { stat } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { printable, type Terminal } from '@flag/core-tensor/terminal'
import { type Command, Option } from 'commander'
import { DataError } from '../errors.ts'
import { extract } from '../extract/index.ts'
import { type Pipeline, pipeline, readFiles, writeJsonl, writeText } from '../pipeline/pipeline.ts'
import { execute, wholeNumber, withExecutorOptions } from './execute.ts'
import { type Removed, sampleByReason } from './inspect.ts'

interface ExtractOptions {
  output: string
  to: 'jsonl' | 'text'
  html: 'html-text' | 'gne'
  epub: 'epub-text' | 'book-text'
  timeoutMs: number
}

/** `flagdata extract`: files in, their text out. */
export function addExtract(program: Command, terminal: Terminal, exitCodes: string): void {
  const command = program
    .command('extract')
    .description('make text of files: HTML, PDF, EPUB, DOCX, LaTeX, plain text')
    .argument('<paths...>', 'files, or folders that are searched with all below them')
    .requiredOption('--output <folder>', 'folder to write')
    .addOption(new Option('--to <format>', 'what to write').choices(['jsonl', 'text']).default('jsonl'))
    .addOption(
      new Option('--html <step>', 'what reads HTML').choices(['html-text', 'gne']).default('html-text'),
    )
    .addOption(
      new Option('--epub <step>', 'what reads EPUB').choices(['epub-text', 'book-text']).default('epub-text'),
    )
    .option('--timeout-ms <n>', 'milliseconds that a file may take', wholeNumber(1), 5000)
  withExecutorOptions(command)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flagdata extract manuals --output text
  flagdata extract a.pdf b.docx pages --output text --to text --workers 4
${exitCodes}`,
    )
    .action(async (paths, options) => {
      await execute(await extractPipeline(paths, options), options, terminal)
      for (const line of await failureLines(options.output)) terminal.err(`${printable(line)}\n`)
    })
}

/**
 * The pipeline of `flagdata extract`: files and folders in, their text out.
 *
 * @throws DataError `not-found` for an input that does not exist
 */
async function extractPipeline(
  inputs: readonly string[],
  { output, to, html, epub, timeoutMs }: ExtractOptions,
): Promise<Pipeline> {
  const paths = inputs.map((path) => resolve(path))
  for (const [i, path] of paths.entries())
    if (!(await stat(path).catch(() => undefined)))
      throw new DataError('not-found', `${inputs[i]}: no such file or folder`)
  const folder = commonFolder(paths)
  const files = paths.map((path) => relative(folder, path))
  const write = to === 'text' ? writeText : writeJsonl
  return pipeline([
    inputs.length === 1 ? readFiles(inputs[0]) : readFiles(relative('.', folder) || '.', { files }),
    extract({ html, epub, timeoutMs }),
    write(output),
  ])
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0])
  while (!paths.every((path) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    folder = dirname(folder)
  return folder
}

/** How many files of a reason are named. */
const NAMED = 5

/** What could not be extracted, by reason, with some of the files. */
async function failureLines(output: string): Promise<string[]> {
  const byReason = new Map<string, Removed[]>()
  for (const it of await sampleByReason(output, { count: NAMED, seed: 0 }))
    byReason.set(it.removed.reason, [...(byReason.get(it.removed.reason) ?? []), it])
  return [...byReason].flatMap(([reason, removed]) => [
    `${reason}:`,
    ...removed.map(
      ({ id, metadata: { error } }) => `  ${id}${typeof error === 'string' ? `: ${error}` : ''}`,
    ),
  ])
}
