import { stat } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { DataError } from '../errors.ts'
import { extract } from '../extract/index.ts'
import { type Pipeline, pipeline, readFiles, writeJsonl, writeText } from '../pipeline/pipeline.ts'
import { type Removed, sampleByReason } from './inspect.ts'

export interface ExtractOptions {
  output: string
  to: 'jsonl' | 'text'
  html: 'html-text' | 'gne'
  epub: 'epub-text' | 'book-text'
  timeoutMs: number
}

/**
 * The pipeline of `flagdata extract`: files and folders in, their text out.
 *
 * @throws DataError `not-found` for an input that does not exist
 */
export async function extractPipeline(
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
export async function failureLines(output: string): Promise<string[]> {
  const byReason = new Map<string, Removed[]>()
  for (const it of await sampleByReason(output, { count: NAMED, seed: 0 }))
    byReason.set(it.removed.reason, [...(byReason.get(it.removed.reason) ?? []), it])
  return [...byReason].flatMap(([reason, removed]) => [
    `${reason}:`,
    ...removed.map(({ id, removed: { detail } }) => `  ${id}${detail === undefined ? '' : `: ${detail}`}`),
  ])
}
