import { executionProviders, FlagError } from '@flag/core-tensor'
import { Command, CommanderError, Option } from 'commander'
import { tiers } from '../cases/tiers.ts'
import { VERSION } from '../version.ts'
import { addCases } from './addCases.ts'
import { doctor, doctorAdapter } from './doctor.ts'
import { base, type CommonOptions, type ModelOptions, model } from './measure.ts'
import { assignment, exitCodes, positive, positiveInteger, wholeNumber } from './options.ts'
import { report, verifyFile } from './results.ts'
import type { Terminal } from './terminal.ts'

function common(command: Command): Command {
  return command
    .addOption(
      new Option('--provider <name>', 'execution provider').choices([...executionProviders]).default('cpu'),
    )
    .option(
      '--adapter <name>',
      'adapter of the chip: a name, or the path of a module (default: that of the provider)',
    )
    .option('--device <n>', 'number of the device, where the provider takes one', wholeNumber)
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
  flagperf model net.onnx --roofline
  flagperf base --output machine.json
  flagperf op MatMul Softmax --provider webgpu
  flagperf verify net.json
  flagperf report net.json --output net.md
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
    .option('--roofline', 'measure what the chip can reach first, and put the nodes under it')
    .option('--min-queries <n>', 'queries, instead of those of the tier', positiveInteger)
    .option('--min-duration <seconds>', 'duration, instead of that of the tier', positive)
    .addHelpText(
      'after',
      `
Examples:
  flagperf model detector.onnx --size height=640 --size width=640
  flagperf model speech.onnx --fill sr=16000 --scenario single-stream
  flagperf model net.onnx --tier quick --json > net.json
  flagperf model net.onnx --roofline --threads 1
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

  addCases(program, common, terminal, finish)

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
    .description('write a result as Markdown')
    .argument('<file>', 'result, written with --output')
    .option('--output <file>', 'file to write (default: stdout)')
    .addHelpText('after', `\nExample:\n  flagperf report net.json --output net.md\n${exitCodes}`)
    .action((file: string, options: { output?: string }) => report(terminal, file, options))

  program
    .command('doctor')
    .description('check what works on this machine, or whether an adapter is sound')
    .option('--adapter <name>', 'adapter to run the conformance checks of: a name, or the path of a module')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flagperf doctor
  flagperf doctor --adapter webgpu
  flagperf doctor --adapter ./my-chip.mjs
${exitCodes}`,
    )
    .action(async ({ adapter, json }: { adapter?: string; json?: boolean }) => {
      if (adapter === undefined) await doctor(terminal, { json })
      else finish(await doctorAdapter(terminal, { adapter, json }))
    })

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
