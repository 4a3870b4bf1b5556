import { executionProviders, FlagError } from '@flag/core-tensor'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { tiers } from '../cases/tiers.ts'
import { VERSION } from '../version.ts'
import { doctor } from './doctor.ts'
import { base, type CommonOptions, type ModelOptions, model } from './measure.ts'
import { report, verifyFile } from './results.ts'
import type { Terminal } from './terminal.ts'

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('expected a number above 0')
  return value
}

function positiveInteger(text: string): number {
  const value = positive(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number from 1')
  return value
}

/** `name=number`, once or more. */
function assignment(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, value] = /^([^=]+)=(-?[\d.]+)$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('expected name=number')
  return { ...before, [name]: Number(value) }
}

const exitCodes = `
Exit codes: 0 done, 1 failed or something could not be measured or does not verify, 2 wrong usage.
Results go to stdout, everything else to stderr.`

function common(command: Command): Command {
  return command
    .addOption(
      new Option('--provider <name>', 'execution provider').choices([...executionProviders]).default('cpu'),
    )
    .option('--threads <n>', 'threads inside an operator (default: one per core)', positiveInteger)
    .addOption(new Option('--tier <name>', 'how long to measure').choices([...tiers]).default('normal'))
    .option('--time-limit <seconds>', 'stop a case after this time', positive)
    .option('--memory-limit <MB>', 'stop a case that takes more memory', positive)
    .option('--output <file>', 'write the result, with all raw samples, as JSON')
    .option('--json', 'print the result as JSON, not as Markdown')
}

function build(terminal: Terminal, finish: (ok: boolean) => void): Command {
  const program = new Command('flagperf')
    .description('Measure how fast this machine runs a model, and where the time goes.')
    .version(VERSION)
    .option('--debug', 'print stack traces')
    .showHelpAfterError('(flagperf --help shows how)')
    .addHelpText(
      'after',
      `
Examples:
  flagperf model net.onnx --tier quick
  flagperf model net.onnx --size batch=8 --threads 1 --output net.json
  flagperf base --output machine.json
  flagperf verify net.json
  flagperf report net.json machine.json --html net.html
${exitCodes}`,
    )

  common(program.command('model'))
    .description('put an ONNX model under the loads of MLPerf, and profile its nodes')
    .argument('<file>', 'model, an .onnx file')
    .addOption(
      new Option('--scenario <name...>', 'loads')
        .choices(['single-stream', 'offline'])
        .default(['single-stream', 'offline']),
    )
    .option('--size <name=n>', 'size of an axis that the model leaves open (default: 1)', assignment, {})
    .option('--fill <input=n>', 'value of every element of an input', assignment, {})
    .option('--min-queries <n>', 'queries, instead of those of the tier', positiveInteger)
    .option('--min-duration <seconds>', 'duration, instead of that of the tier', positive)
    .addHelpText(
      'after',
      `
Examples:
  flagperf model detector.onnx --size height=640 --size width=640
  flagperf model speech.onnx --fill sr=16000 --scenario single-stream
  flagperf model net.onnx --tier quick --json > net.json
${exitCodes}`,
    )
    .action(async (file: string, options: ModelOptions) => finish(await model(terminal, file, options)))

  common(program.command('base'))
    .description('measure what the machine can reach: fp32 products, memory bandwidth, cost of a node')
    .addHelpText(
      'after',
      `
Examples:
  flagperf base --tier quick
  flagperf base --threads 1 --output machine.json
${exitCodes}`,
    )
    .action(async (options: CommonOptions) => finish(await base(terminal, options)))

  program
    .command('verify')
    .description('compute every derived number of a result again from its raw samples')
    .argument('<file>', 'result, written with --output')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nExample:\n  flagperf verify net.json\n${exitCodes}`)
    .action(async (file: string, options: { json?: boolean }) =>
      finish(await verifyFile(terminal, file, options)),
    )

  program
    .command('report')
    .description('write results as Markdown, or as a page with charts')
    .argument('<file...>', 'results, written with --output')
    .option('--output <file>', 'Markdown file to write (default: stdout)')
    .option('--html <file>', 'page to write: one file that opens in any browser')
    .addHelpText(
      'after',
      `
Examples:
  flagperf report net.json --output net.md
  flagperf report net.json machine.json --html net.html
${exitCodes}`,
    )
    .action((files: string[], options: { output?: string; html?: string }) =>
      report(terminal, files, options),
    )

  program
    .command('doctor')
    .description('check what works on this machine')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flagperf doctor')
    .action((options: { json?: boolean }) => doctor(terminal, options))

  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
    })
  }
  return program
}

/**
 * Runs the command line with the arguments after the program's name and returns the exit code: 0 done, 1 failed
 * (one line on stderr; a stack trace with `--debug`), 2 wrong usage.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const debug = args.includes('--debug')
  let ok = true
  const finish = (done: boolean) => {
    ok = done
  }
  try {
    await build(terminal, finish).parseAsync(
      args.filter((arg) => arg !== '--debug'),
      { from: 'user' },
    )
    return ok ? 0 : 1
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { message, stack } = error as Error
    const hint = error instanceof FlagError && error.hint ? ` (${error.hint})` : ''
    terminal.err(`flagperf: ${message.split('\n')[0]}${hint}\n`)
    if (debug) terminal.err(`${stack}\n`)
    return 1
  }
}
