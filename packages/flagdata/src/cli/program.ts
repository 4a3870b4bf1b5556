import { FlagError } from '@flag/core-tensor'
import { columns, printable, type Terminal } from '@flag/core-tensor/terminal'
import { ReportError } from '@flag/report'
import { Command, CommanderError, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { openJob } from '../executors/work.ts'
import { readFormats, writeFormats } from '../pipeline/pipeline.ts'
import { openRecipe, shippedRecipes } from '../pipeline/recipe.ts'
import { stepFactory, stepNames } from '../pipeline/registry.ts'
import { findPieces } from '../readers/pieces.ts'
import { addAnalyse } from './analyse.ts'
import { execute, wholeNumber, withExecutorOptions } from './execute.ts'
import { addExtract } from './extract.ts'
import { sampleChanged, sampleRemoved } from './inspect.ts'
import { addLanguage, addTrainClassifier } from './language.ts'
import { describeChange, describeSummary, funnel } from './report.ts'
import { addSql } from './sql.ts'
import { readStatus } from './status.ts'
import { describeStep, describeSteps, stepsPage, stepText } from './steps.ts'
import { addTokens } from './tokens.ts'
import { addPages } from './view.ts'
import { addWork } from './work.ts'

const exitCodes = `
Exit codes: 0 done (bad input is counted, reported on stderr and passed over), 1 failed, 2 wrong usage.
Results go to stdout, everything else to stderr.`

const input = new Option(
  '--input <path>',
  'file or folder to read, instead of the recipe’s; - for JSON lines on standard input',
)
const output = new Option(
  '--output <folder>',
  'folder to write, instead of the recipe’s; - for JSON lines on standard output',
)
const json = new Option('--json', 'print one JSON document')

function build(terminal: Terminal): Command {
  const print = (value: unknown) => terminal.out(`${JSON.stringify(value, null, 2)}\n`)
  const program = new Command('flagdata')
    .description(
      'Clean and deduplicate text: documents in, clean documents out, every removed one with its reason.',
    )
    .version(manifest.version)
    .option('--debug', 'print stack traces')
    .showHelpAfterError('(flagdata --help shows how)')
    .addHelpText(
      'after',
      `
Examples:
  flagdata run fineweb --input crawl --output clean
  flagdata run my-recipe.yaml --workers 4
  flagdata inspect clean --reason list_ratio

Formats, by name in a recipe:
  read     ${readFormats.join(', ')}
  written  ${writeFormats.join(', ')}
${exitCodes}`,
    )

  const run = program
    .command('run')
    .description('run a recipe, or what is left of it after an interruption')
    .argument('<recipe>', 'YAML file, or the name of a recipe that comes with flagdata')
    .addOption(input)
    .addOption(output)
  withExecutorOptions(run)
    .addOption(json)
    .addHelpText(
      'after',
      `
Examples:
  flagdata run gopher --input crawl.jsonl.gz --output clean
  zcat crawl.jsonl.gz | flagdata run gopher --input - --output - > clean.jsonl
  flagdata run my-recipe.yaml        (again after a kill: does only what is missing)
  flagdata run fineweb --input crawl --output clean --executor slurm --tasks 200 --sbatch=--partition=cpu
${exitCodes}`,
    )
    .action(async (recipe, options) => execute(await openRecipe(recipe, options), options, terminal))

  const resume = program
    .command('resume')
    .description('do what is left of a run, here or on a cluster, whatever began it')
    .argument('<output>', 'folder that the run writes')
  withExecutorOptions(resume)
    .addOption(json)
    .addHelpText('after', '\nExample:\n  flagdata resume clean --workers 4')
    .action(async (folder, options) => execute((await openJob(folder)).pipeline, options, terminal))

  program
    .command('plan')
    .description('check a recipe and show what a run would do, without running it')
    .argument('<recipe>', 'YAML file, or the name of a recipe that comes with flagdata')
    .addOption(input)
    .addOption(output)
    .addOption(json)
    .addHelpText('after', '\nExample:\n  flagdata plan fineweb --input crawl --output clean')
    .action(async (recipe, options) => {
      const { read, steps, dedups, write } = await openRecipe(recipe, options)
      const pieces = await findPieces(read)
      if (options.json) {
        print({ read, steps: steps.map(({ name, options }) => ({ name, options })), dedups, write, pieces })
        return
      }
      const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0)
      const rows = steps.map(({ name, options }) => [`  ${name}`, JSON.stringify(options)])
      for (const dedup of dedups) rows.push(['  dedup', JSON.stringify(dedup)])
      terminal.out(
        `${pieces.length} pieces, ${(bytes / 1e6).toFixed(1)} MB from ${read.path} to ${write.path}\n${columns(rows)}\n`,
      )
    })

  program
    .command('status')
    .description('show how far a run is, while it runs or after it')
    .argument('<output>', 'folder that the run writes')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  flagdata status clean')
    .action(async (folder, options) => {
      const status = await readStatus(folder)
      if (options.json) {
        print(status)
        return
      }
      if (status.summary) {
        terminal.out(`complete\n${describeSummary(status.summary, folder)}`)
        return
      }
      const rows = status.phases.map(({ name, done, total }) => [name, `${done} of ${total}`])
      terminal.out(`${columns(rows, (i) => i === 1)}\n\n`)
      const tasks = countBy(status.slurm ?? [], ({ phase, state, reason }) =>
        state === 'PENDING' ? `${phase}: ${state} (${reason})` : `${phase}: ${state}`,
      )
      for (const [state, count] of tasks) terminal.out(`slurm ${state} ${count}\n`)
      terminal.out(`${funnel(status.statistics)}\n`)
    })

  program
    .command('inspect')
    .description(
      'show a random sample of the removed documents, each with its reason, or of the changed ones',
    )
    .argument('<output>', 'folder that a run wrote')
    .option('--changed', 'documents that were changed and kept, instead')
    .option('--step <name>', 'only those that this step removed')
    .option('--reason <name>', 'only those removed for this reason')
    .option('--count <n>', 'number of documents', wholeNumber(1), 5)
    .option('--seed <n>', 'chooses the sample', wholeNumber(0), 0)
    .option('--characters <n>', 'how much of each text is shown', wholeNumber(1), 400)
    .addOption(json)
    .addHelpText('after', '\nExample:\n  flagdata inspect clean --reason too_few_sentences --count 3')
    .action(async (folder, options) => {
      if (options.changed) {
        const changed = await sampleChanged(folder, options)
        if (options.json) print(changed)
        else for (const document of changed) terminal.out(describeChange(document, options.characters))
        if (changed.length === 0) terminal.err('no changed document is kept\n')
        return
      }
      const sample = await sampleRemoved(folder, options)
      if (options.json) {
        print(sample)
        return
      }
      for (const { removed, id, text } of sample) {
        const { step, reason, value, limit } = removed
        const measured =
          value === undefined
            ? ''
            : limit === undefined
              ? ` (${value})`
              : ` (${Number(value.toPrecision(3))}, limit ${limit})`
        const shown = text.length > options.characters ? `${text.slice(0, options.characters)} …` : text
        terminal.out(`── ${printable(id)} · ${step}: ${reason}${measured}\n${printable(shown)}\n\n`)
      }
      if (sample.length === 0) terminal.err('no removed document fits\n')
    })

  program
    .command('recipes')
    .description('list the recipes that come with flagdata and the steps that recipes may use')
    .argument('[name]', 'print this recipe')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  flagdata recipes fineweb > my-recipe.yaml')
    .action(async (name, options) => {
      const recipes = await shippedRecipes()
      const text = name === undefined ? undefined : recipes.get(name)
      if (name !== undefined && text === undefined)
        throw new FlagError('not-found', `no recipe "${name}"`, {
          hint: `known: ${[...recipes.keys()].join(', ')}`,
        })
      if (text !== undefined) terminal.out(text)
      else if (options.json) print({ recipes: [...recipes.keys()], steps: stepNames })
      else terminal.out(`recipes: ${[...recipes.keys()].join(', ')}\nsteps: ${stepNames.join(', ')}\n`)
    })

  program
    .command('steps')
    .description('list the steps that recipes may use, or tell all about one')
    .argument('[name]', 'tell what it does, its options with their defaults, its reasons, its source')
    .option('--markdown', 'print the page of the documentation')
    .addOption(json)
    .addHelpText('after', '\nExamples:\n  flagdata steps\n  flagdata steps gopher-quality')
    .action(async (name, options) => {
      const factory = name === undefined ? undefined : stepFactory(name)
      if (name !== undefined && factory === undefined)
        throw new FlagError('not-found', `no step "${name}"`, { hint: `known: ${stepNames.join(', ')}` })
      if (options.json) print(factory ? describeStep(factory) : describeSteps())
      else if (options.markdown) terminal.out(stepsPage())
      else if (factory) terminal.out(stepText(factory))
      else terminal.out(`${columns(describeSteps().map(({ name, summary }) => [name, summary ?? '']))}\n`)
    })

  addPages(program, terminal)
  addAnalyse(program, terminal)
  addLanguage(program, terminal)
  addTrainClassifier(program, terminal)
  addTokens(program, terminal)
  addSql(program, terminal)
  addExtract(program, terminal, exitCodes)
  addWork(program, terminal)

  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
  return program
}

function countBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}

/**
 * Runs the command line with the arguments after the program's name and returns the exit code: 0 done, 1 failed
 * (one line on stderr; a stack trace with `--debug`), 2 wrong usage.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const debug = args.includes('--debug')
  try {
    await build(terminal).parseAsync(
      args.filter((arg) => arg !== '--debug'),
      { from: 'user' },
    )
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { message, stack } = error as Error
    const hint =
      (error instanceof FlagError || error instanceof ReportError) && error.hint ? ` (${error.hint})` : ''
    terminal.err(`flagdata: ${message.split('\n')[0]}${hint}\n`)
    if (debug) terminal.err(`${stack}\n`)
    return 1
  }
}
