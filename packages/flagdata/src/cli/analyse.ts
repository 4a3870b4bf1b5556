import { basename } from 'node:path'
import { columns, printable, type Terminal } from '@flag/core-tensor/terminal'
import { writeReport } from '@flag/report'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Analysis } from '../analyse/analysis.ts'
import { analysisReport, type Part } from '../analyse/page.ts'
import { analyse } from '../analyse/read.ts'
import { readSchema } from '../pipeline/pipeline.ts'
import type { Statistics } from '../pipeline/statistics.ts'
import { wholeNumber } from './execute.ts'
import { ProgressLine } from './progress.ts'
import { faultLines } from './report.ts'

function share(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('expected a number above 0, at most 1')
  return value
}

const formats = readSchema.shape.format.removeDefault().options

export function addAnalyse(program: Command, terminal: Terminal): void {
  program
    .command('analyse')
    .description(
      'describe documents: lengths, shares, languages, domains, words; or two corpora beside each other',
    )
    .argument('<path>', 'file or folder')
    .argument('[other]', 'another one, such as the same after cleaning')
    .addOption(new Option('--format <name>', 'format of the files').choices(formats).default('jsonl'))
    .option('--text-key <name>', 'where the text is', 'text')
    .option('--sample <share>', 'look at this share of the documents, chosen at random', share, 1)
    .option('--seed <n>', 'chooses them', wholeNumber(0), 0)
    .option('--html <file>', 'page to write: one file that opens in any browser')
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText(
      'after',
      '\nExamples:\n  flagdata analyse crawl\n  flagdata analyse crawl clean --html before-and-after.html --sample 0.1',
    )
    .action(async (path, other, options) => {
      const parts: Part[] = []
      const faults: Statistics['faults'][] = []
      for (const one of other === undefined ? [path] : [path, other]) {
        const progress = new ProgressLine(terminal)
        const read = readSchema.parse({ path: one, format: options.format, textKey: options.textKey })
        const found = await analyse(read, { ...options, onProgress: progress.update }).finally(() =>
          progress.end(),
        )
        const name = parts.some((part) => part.name === basename(one)) ? one : basename(one)
        parts.push({ name, analysis: found.analysis })
        faults.push(found.faults)
      }
      const warnings = faults.flatMap((found, i) =>
        faultLines({ faults: found }).map((line) => `${parts[i].name}: ${line}`),
      )
      for (const line of warnings) terminal.err(`${printable(line)}\n`)
      if (options.html)
        await writeReport(
          options.html,
          analysisReport(`Documents of ${parts.map(({ name }) => name).join(' and ')}`, parts, warnings),
        )
      if (options.json) terminal.out(`${JSON.stringify(parts.map(asJson), null, 2)}\n`)
      else for (const part of parts) terminal.out(describe(part))
    })
}

const quantiles = { p5: 0.05, p25: 0.25, p50: 0.5, p75: 0.75, p95: 0.95 }
const TOP = 20

const numbersOf = ({ numbers }: Analysis) =>
  [...numbers].map(([name, summary]) => {
    const { count, mean, deviation, min, max } = summary
    const points = Object.entries(quantiles).map(([key, q]) => [key, summary.quantile(q)] as const)
    return { name, count, mean, deviation, min, ...(Object.fromEntries(points) as typeof quantiles), max }
  })

function asJson({ name, analysis }: Part) {
  const { documents, domains, ngrams, grouping } = analysis
  return {
    name,
    documents,
    numbers: numbersOf(analysis),
    categories: Object.fromEntries(grouping.map(([name, counter]) => [name, counter.top(TOP)])),
    domains: domains.top(TOP),
    ngrams: ngrams.map((counter) => counter.top(TOP)),
  }
}

function describe({ name, analysis }: Part): string {
  const short = (value: number) => String(Number(value.toPrecision(4)))
  const rows = numbersOf(analysis).map(({ name, mean, min, p5, p50, p95, max }) => [
    name,
    ...[mean, min, p5, p50, p95, max].map(short),
  ])
  const table = columns([['', 'mean', 'least', '5 %', 'median', '95 %', 'greatest'], ...rows], (i) => i > 0)
  const tops = [...analysis.grouping, ['domain', analysis.domains] as const]
    .filter(([, counter]) => counter.total > 0)
    .map(
      ([name, counter]) =>
        `${name}: ${counter
          .top(8)
          .map(({ key, count }) => `${printable(key)} ${count}`)
          .join(', ')}\n`,
    )
  return `${printable(name)}: ${analysis.documents} documents\n${table}\n${tops.join('')}`
}
