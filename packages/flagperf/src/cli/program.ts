import { executionProviders, FlagError } from '@flag/core-tensor'
import type { Terminal } from '@flag/core-tensor/terminal'
import { Command, CommanderError, Option } from 'commander'
import { tiers } from '../cases/tiers.ts'
import { VERSION } from '../version.ts'
import { addCases } from './addCases.ts'
import { type CompareCommandOptions, compare } from './compare.ts'
import { doctor, doctorAdapter } from './doctor.ts'
import { base, type CommonOptions, type ModelOptions, model } from './measure.ts'
import {
  assignment,
  choice,
  exitCodes,
  positive,
  positiveInteger,
  positiveIntegers,
  providers,
  wholeNumber,
} from './options.ts'
import { report, reportFormats, verifyFile } from './results.ts'
import { type ServeOptions, serveLoad } from './serve.ts'
import { type SweepCommandOptions, sweepCommand } from './sweep.ts'

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
    .option('--state <folder>', 'keep every case that was measured there, and go on from what is there')
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
  flagperf compare old.onnx new.onnx
  flagperf verify net.json
  flagperf report net.json machine.json --html net.html
${exitCodes}`,
    )

  common(program.command('model'))
    .description('put an ONNX model under the loads of MLPerf, and profile its nodes')
    .argument('<file>', 'model, an .onnx file, or a part of a model of @flag/ai')
    .addOption(
      new Option('--scenario <name...>', 'loads')
        .choices(['single-stream', 'multi-stream', 'offline'])
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
  flagperf model AltCLIP:altclip-emoji-m12#vision --size batch=8
${exitCodes}`,
    )
    .action(async (file: string, options: ModelOptions) => finish(await model(terminal, file, options)))

  common(program.command('serve-load'))
    .description('put a model under queries that arrive at random, as at a server')
    .argument('<file>', 'model, an .onnx file, or a part of a model of @flag/ai')
    .requiredOption('--qps <n>', 'queries a second, on average', positive)
    .option('--latency <ms>', 'time in which queries have to be answered', positive, 100)
    .option('--percentile <n>', 'per cent of the queries that have to be', positive, 99)
    .option('--find-peak', 'search for the highest rate that is met, from --qps upwards')
    .option('--size <name=n>', 'size of an axis that the model leaves open (default: 1)', assignment, {})
    .option('--fill <input=n>', 'value of every element of an input', assignment, {})
    .option('--min-queries <n>', 'queries, instead of those of the tier', positiveInteger)
    .option('--min-duration <seconds>', 'duration, instead of that of the tier', positive)
    .addHelpText(
      'after',
      `
Examples:
  flagperf serve-load net.onnx --qps 50 --latency 20 --tier quick
  flagperf serve-load net.onnx --qps 10 --latency 100 --find-peak --output peak.json
${exitCodes}`,
    )
    .action(async (file: string, options: ServeOptions) => finish(await serveLoad(terminal, file, options)))

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
    .command('compare')
    .description('whether one model, set of options, runtime or revision is faster than another')
    .argument('<a>', 'an .onnx file, or a module that gives a function to time; FILE@REVISION for one of git')
    .argument('[b]', 'the other (default: the first, with the options of --b)')
    .addOption(
      new Option('--provider <name>', 'execution provider').choices([...executionProviders]).default('cpu'),
    )
    .option('--threads <n>', 'threads inside an operator', positiveInteger, 1)
    .option('--a <option=value>', 'option of the first alone, once or more', choice, {})
    .option('--b <option=value>', 'option of the second alone, once or more', choice, {})
    .option('--size <name=n>', 'size of an axis that the model leaves open (default: 1)', assignment, {})
    .option('--fill <input=n>', 'value of every element of an input', assignment, {})
    .addOption(new Option('--tier <name>', 'how long to measure').choices([...tiers]).default('normal'))
    .addOption(
      new Option('--clock <name>', 'what is compared (default: auto)').choices(['auto', 'wall', 'cpu']),
    )
    .option('--threshold <percent>', 'smaller differences are none (default: 1)', positive)
    .option('--seed <n>', 'seed of the order of runs (default: 0)', wholeNumber)
    .option('--time-limit <seconds>', 'stop a process that does not answer for this time', positive)
    .option('--no-outputs', 'do not compare the outputs')
    .addOption(
      new Option('--fail-if <verdict>', 'exit with 1 at this verdict on the second').choices([
        'slower',
        'faster',
        'different',
      ]),
    )
    .option('--output <file>', 'write the result, with all raw samples, as JSON')
    .option('--json', 'print the result as JSON, not as Markdown')
    .addHelpText(
      'after',
      `
Options of one side: provider, threads, optimization (disabled, basic, extended, all), packWeights and spinning
(true, false), runtime (a folder in which another onnxruntime-node is installed).

Examples:
  flagperf compare old.onnx new.onnx --fail-if slower
  flagperf compare net.onnx --b threads=2 --tier quick
  flagperf compare net.onnx --a runtime=. --b runtime=../other --output versions.json
  flagperf compare bench/encode.ts@HEAD~1 bench/encode.ts
${exitCodes}`,
    )
    .action(async (a: string, b: string | undefined, options: CompareCommandOptions) =>
      finish(await compare(terminal, a, b, options)),
    )

  program
    .command('sweep')
    .description('measure a model in many settings, and find those that no other dominates')
    .argument('<files...>', 'models, .onnx files: the same network in several types, say')
    .option('--provider <names>', 'execution providers, separated by commas', providers, ['cpu'])
    .option('--threads <numbers>', 'threads, separated by commas', positiveIntegers, [1])
    .option('--batch <numbers>', 'sizes of the first open axis, separated by commas', positiveIntegers, [1])
    .option('--size <name=n>', 'size of another axis that the model leaves open (default: 1)', assignment, {})
    .option('--fill <input=n>', 'value of every element of an input', assignment, {})
    .addOption(new Option('--tier <name>', 'how long to measure').choices([...tiers]).default('quick'))
    .option('--full', 'measure every setting to the end, also those that others clearly dominate')
    .option(
      '--state <folder>',
      'where measurements are kept; a sweep that was stopped goes on',
      'flagperf-sweep',
    )
    .option('--time-limit <seconds>', 'stop a setting after this time', positive)
    .option('--output <file>', 'write the result, with all raw samples, as JSON')
    .option('--json', 'print the result as JSON, not as Markdown')
    .addHelpText(
      'after',
      `
Examples:
  flagperf sweep net.onnx --threads 1,2 --batch 1,8,32
  flagperf sweep net-fp32.onnx net-int8.onnx --provider cpu,webgpu --output sweep.json
${exitCodes}`,
    )
    .action(async (files: string[], options: SweepCommandOptions) =>
      finish(await sweepCommand(terminal, files, options)),
    )

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
    .description(
      'write results as Markdown, as :::MLLOG lines, as tables of FlagPerf, or as a page with charts',
    )
    .argument('<file...>', 'results, written with --output')
    .addOption(new Option('--format <name>', 'what to write').choices(reportFormats).default('markdown'))
    .option(
      '--beside <subject=page>',
      'with --format flagperf: rows of a published page of FlagPerf under those of its operator, item or model',
      choice,
      {},
    )
    .option('--output <file>', 'file to write (default: stdout)')
    .option('--html <file>', 'page to write: one file that opens in any browser')
    .addHelpText(
      'after',
      `
Examples:
  flagperf report net.json --output net.md
  flagperf report net.json --format mllog
  flagperf report mm.json --format flagperf --beside mm=README.md
  flagperf report net.json machine.json --html net.html
${exitCodes}`,
    )
    .action((files: string[], options: Parameters<typeof report>[2]) => report(terminal, files, options))

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
