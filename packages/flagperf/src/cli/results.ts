import { readFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { printJson, type Terminal } from '@flag/core-tensor/terminal'
import { renderReport } from '@flag/report'
import { writeText } from '../files.ts'
import { type FlagperfTable, readFlagperfTables } from '../flagperfFiles/tables.ts'
import { toFlagperf } from '../flagperfFiles/writeTables.ts'
import { toMarkdown } from '../results/markdown.ts'
import { toMllog } from '../results/mllog.ts'
import { toReport } from '../results/page.ts'
import { parseResult, type ResultFile } from '../results/schema.ts'
import { verify } from '../results/verify.ts'

async function readResult(file: string): Promise<ResultFile> {
  return parseResult(await textOf(file), file)
}

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: Error) => {
    throw new FlagError('not-found', `${file}: cannot be read: ${cause.message}`, { cause })
  })

/** `flagperf verify`: whether every derived number follows from the raw samples. */
export async function verifyFile(
  terminal: Terminal,
  file: string,
  options: { json?: boolean },
): Promise<boolean> {
  const result = await readResult(file)
  const discrepancies = verify(result)
  if (options.json) printJson(terminal, { file, cases: result.cases.length, discrepancies })
  else if (discrepancies.length === 0)
    terminal.out(`${file}: ${result.cases.length} cases, every derived number follows from the raw samples\n`)
  else
    for (const { where, stated, computed } of discrepancies)
      terminal.out(
        `${file}: ${where} is ${JSON.stringify(stated)}, the samples give ${JSON.stringify(computed)}\n`,
      )
  return discrepancies.length === 0
}

const formats = { markdown: toMarkdown, mllog: toMllog, flagperf: toFlagperf } as const
export const reportFormats = Object.keys(formats) as (keyof typeof formats)[]

/** `flagperf report`: results as Markdown, as lines that MLPerf's tools read, as FlagPerf's tables, or as a page. */
export async function report(
  terminal: Terminal,
  files: readonly string[],
  options: {
    output?: string
    html?: string
    format: keyof typeof formats
    /** Published pages of FlagPerf, by the operator, item or model that they are of. */
    beside?: Readonly<Record<string, string>>
  },
): Promise<void> {
  const results = await Promise.all(files.map(readResult))
  if (options.html) await writeText(options.html, renderReport(toReport(results)))
  const beside: Record<string, FlagperfTable[]> = {}
  for (const [subject, page] of Object.entries(options.beside ?? {}))
    beside[subject] = readFlagperfTables(await textOf(page))
  const text = results.map((result) => formats[options.format](result, beside)).join('\n')
  if (options.output) await writeText(options.output, text)
  else if (!options.html) terminal.out(text)
}
