import { columns, LiveLine, printable, type Terminal } from '@flag/core-tensor/terminal'
import { type Command, InvalidArgumentError, Option } from 'commander'
import * as z from 'zod'
import { trainFastText, trainSchema } from '../language/fastText/train.ts'
import { labelName, openLanguageModel } from '../language/models.ts'
import { readSchema } from '../pipeline/pipeline.ts'
import { addFault, emptyStatistics } from '../pipeline/statistics.ts'
import { readDocuments } from '../readers/documents.ts'
import { findPieces } from '../readers/pieces.ts'
import { ProgressLine } from './progress.ts'
import { faultLines } from './report.ts'

const formats = readSchema.shape.format.removeDefault().options
const json = new Option('--json', 'print one JSON document')

/** What was found of one language. */
interface Found {
  label: string
  documents: number
  characters: number
  meanScore: number
}

export function addLanguage(program: Command, terminal: Terminal): void {
  program
    .command('language')
    .description('find the languages of documents: how many there are of each, and how sure that is')
    .argument('<paths...>', 'files or folders')
    .addOption(new Option('--format <name>', 'format of the files').choices(formats).default('jsonl'))
    .option('--text-key <name>', 'where the text is', 'text')
    .option('--model <file>', 'a fastText model (.bin, .ftz) instead of lid.176.ftz')
    .addOption(json)
    .addHelpText(
      'after',
      `
Examples:
  flagdata language crawl
  flagdata language --format text README.md LIESMICH.md
  flagdata language crawl --model glotlid.bin --json
The default model comes with the npm package fasttext.wasm.js.`,
    )
    .action(async (paths: string[], options) => {
      const model = openLanguageModel(options.model)
      const found = new Map<string, Found>()
      const statistics = emptyStatistics([])
      const progress = new ProgressLine(terminal)
      try {
        for (const path of paths) {
          const config = readSchema.parse({ path, format: options.format, textKey: options.textKey })
          const pieces = await findPieces(config)
          for (const [i, piece] of pieces.entries()) {
            const onFault: Parameters<typeof readDocuments>[2] = (kind, offset, what) =>
              addFault(statistics, kind, { file: piece.file, offset, found: what })
            for await (const { text } of readDocuments(piece, config, onFault)) {
              const [best] = model.predict(text)
              const label = best === undefined ? 'none' : labelName(best.label)
              const its = found.get(label) ?? { label, documents: 0, characters: 0, meanScore: 0 }
              found.set(label, its)
              its.documents++
              its.characters += text.length
              its.meanScore += ((best?.score ?? 0) - its.meanScore) / its.documents
              const bytes = Buffer.byteLength(text)
              progress.update({
                phase: 'read',
                done: i,
                total: pieces.length,
                documents: 1,
                bytes,
                removed: {},
              })
            }
          }
        }
      } finally {
        progress.end()
        model.close()
      }
      for (const line of faultLines(statistics)) terminal.err(`${printable(line)}\n`)
      const sorted = [...found.values()].sort((a, b) => b.documents - a.documents)
      if (options.json) {
        terminal.out(`${JSON.stringify(sorted, null, 2)}\n`)
        return
      }
      const all = sorted.reduce((sum, { documents }) => sum + documents, 0)
      const rows = sorted.map(({ label, documents, characters, meanScore }) => [
        ...[label, String(documents), `${((100 * documents) / all).toFixed(1)} %`],
        ...[String(characters), meanScore.toFixed(3)],
      ])
      const head = ['language', 'documents', 'share', 'characters', 'mean score']
      terminal.out(`${columns([head, ...rows], (i) => i > 0)}\n`)
    })
}

const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export function addTrainClassifier(program: Command, terminal: Terminal): void {
  const command = program
    .command('train-classifier')
    .description(
      'train a fastText classifier, for the step fasttext-quality or any program that reads .bin files',
    )
    .argument('<text>', 'file with a line per example: "__label__good Some words."')
    .requiredOption('--output <file>', 'model to write (.bin)')
  // Every option of the training is an option of the command.
  const { properties = {} } = z.toJSONSchema(trainSchema, { io: 'input' }) as {
    properties?: Record<string, { default?: string | number; description?: string; enum?: string[] }>
  }
  for (const [name, { default: value, description, enum: choices }] of Object.entries(properties)) {
    const option = new Option(`--${kebabCase(name)} <${choices ? 'name' : 'n'}>`, description ?? '')
    command.addOption((choices ? option.choices(choices) : option.argParser(number)).default(value))
  }
  command
    .addOption(json)
    .addHelpText(
      'after',
      `
Examples:
  flagdata train-classifier labelled.txt --output quality.bin --word-ngrams 2
  flagdata train-classifier languages.txt --output lid.bin --minn 2 --maxn 4 --loss hs --dim 16`,
    )
    .action(async (text, { output, json: asJson, ...options }) => {
      const line = new LiveLine(terminal)
      const training = await trainFastText(text, output, options, (share) =>
        line.show(() => `train ${(100 * share).toFixed(1)} %`),
      ).finally(() => line.end())
      const { words, labels, examples, loss } = training
      if (asJson) terminal.out(`${JSON.stringify(training, null, 2)}\n`)
      else
        terminal.out(
          `${output}: ${words} words, ${labels} labels, ${examples} examples, mean loss ${loss.toFixed(4)}\n`,
        )
    })
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number')
  return value
}
