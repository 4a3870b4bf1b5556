import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { ReportError } from '@flag/report'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { ownFolder } from '../datasets/packages.ts'
import { boardCommand } from './boardCommand.ts'
import { type Context, compareCommand, list, runCommand, validateCommand } from './commands.ts'

const exitCodes = `
Exit codes: 0 done, 1 failed or incomplete, 2 wrong usage.
Results go to stdout, everything else to stderr.`

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number')
  return value
}

function build(context: Context, finish: (code: number) => void): Command {
  const { version } = JSON.parse(readFileSync(join(ownFolder(), 'package.json'), 'utf8'))
  const program = new Command('flageval')
    .description('Score image-text models in many languages, offline, with intervals and paired comparisons.')
    .version(version)
    .option('--debug', 'print stack traces')
    .showHelpAfterError('(flageval --help shows how)')
    .addHelpText(
      'after',
      `
Examples:
  flageval list
  flageval run --model altclip-emoji-m12 --task multilingual-mini --output runs/m12
  flageval compare runs/m12 runs/other
  flageval board runs/m12 runs/other --out board.html
  flageval validate runs/m12
${exitCodes}`,
    )
  program
    .command('list')
    .description('list tasks and suites')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flageval list')
    .action((options) => list(context, options))
  program
    .command('run')
    .description('score a model on tasks; goes on where a run in the same folder was cut off')
    .requiredOption('--model <model>', 'altclip-emoji-m12, a folder of an AltCLIP checkpoint, or a .mjs file')
    .requiredOption('--task <name...>', 'tasks, suites or .yaml files')
    .requiredOption('--output <folder>', 'run folder to write')
    .option('--languages <codes...>', 'only these languages, separated by commas or spaces')
    .option('--cache <folder>', 'where vectors are kept between runs')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flageval run --model altclip-emoji-m12 --task multilingual-mini --output runs/m12
  flageval run --model ./model.mjs --task emoji-retrieval --languages en,ja --output runs/mine --json
${exitCodes}`,
    )
    .action(async (options) => finish(await runCommand(context, options)))
  program
    .command('compare')
    .description('compare two runs sample by sample')
    .argument('<first>', 'run folder')
    .argument('<second>', 'run folder')
    .option('--metric <name>', "instead of each task's primary metric")
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flageval compare runs/m12 runs/other --metric IR@1')
    .action((first, second, options) => compareCommand(context, first, second, options))
  program
    .command('board')
    .description('write runs as one page: leaderboard, comparisons with the first run, samples')
    .argument('<runs...>', 'run folders')
    .requiredOption('--out <file>', 'page to write: one file that opens in any browser')
    .option('--samples <number>', 'samples to show of each task and language', wholeNumber, 24)
    .addHelpText('after', '\nExample:\n  flageval board runs/m12 runs/other --out board.html')
    .action((folders, options) => boardCommand(context.terminal, folders, options))
  program
    .command('validate')
    .description('check that a run is complete and that its results follow from its samples')
    .argument('<folder>', 'run folder')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flageval validate runs/m12')
    .action(async (folder, options) => finish(await validateCommand(context, folder, options)))

  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.terminal.out(text),
      writeErr: (text) => context.terminal.err(text),
    })
  }
  return program
}

/**
 * Runs the command line with the arguments after the program's name and returns the exit code: 0 done, 1 failed
 * (one line on stderr; a stack trace with `--debug`) or incomplete, 2 wrong usage.
 */
export async function runProgram(args: readonly string[], context: Context): Promise<number> {
  const debug = args.includes('--debug')
  let code = 0
  try {
    const program = build(context, (result) => {
      code = result
    })
    await program.parseAsync(
      args.filter((arg) => arg !== '--debug'),
      { from: 'user' },
    )
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { message, stack } = error as Error
    const hint =
      (error instanceof FlagError || error instanceof ReportError) && error.hint ? ` (${error.hint})` : ''
    context.terminal.err(`flageval: ${message.split('\n')[0]}${hint}\n`)
    if (debug) context.terminal.err(`${stack}\n`)
    return 1
  }
}
