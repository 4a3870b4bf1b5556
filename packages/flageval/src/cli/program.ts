import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { ReportError } from '@flag/report'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ownFolder } from '../datasets/packages.ts'
import { perturbationNames } from '../wrappers/perturbations.ts'
import { boardCommand } from './boardCommand.ts'
import { type Context, compareCommand, list, runCommand, validateCommand } from './commands.ts'
import { exportCommand, exportForms } from './languageCommands.ts'
import { answerCommand, serveCommand, teamCommand } from './serverCommands.ts'

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
    .option('--catalogue', "list all data sets of FlagEval's code and where to get them")
    .option('--perturbations', 'list what --perturb of flageval run can do to questions')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flageval list')
    .action((options) => list(context, options))
  program
    .command('run')
    .description('score a model on tasks; goes on where a run in the same folder was cut off')
    .requiredOption(
      '--model <model>',
      'altclip-emoji-m12, a folder of an AltCLIP checkpoint, a .mjs file, openai:<url>#<name>, outputs:<folder> …',
    )
    .option('--task <name...>', 'tasks, suites or .yaml files')
    .option('--suite <name...>', 'the same as --task')
    .requiredOption('--output <folder>', 'run folder to write')
    .option('--languages <codes...>', 'only these languages, separated by commas or spaces')
    .option('--cache <folder>', 'where vectors and answers are kept between runs')
    .option('--fewshot <number>', "language tasks: examples, instead of each task's number")
    .option('--seed <number>', 'language tasks: of the examples drawn (1234)')
    .option('--limit <number>', 'language tasks: only so many documents, or a share below 1')
    .option('--data <name=folder...>', 'language tasks: where a data set lies that a task names')
    .option('--allow-code', 'run what the model writes, in a sandbox, where a task says so')
    .addOption(
      new Option(
        '--perturb <name...>',
        'also on perturbed questions, beside the others sample by sample',
      ).choices(perturbationNames),
    )
    .option('--perturb-columns <names...>', "tasks in lm-eval's dialect: columns of the documents to perturb")
    .option('--concurrency <number>', 'endpoints and commands: requests at once')
    .option('--timeout <seconds>', 'endpoints and commands: for one answer')
    .option('--retries <number>', 'endpoints: further tries')
    .option('--prefix <text>', 'endpoints: what stands before a text without context, such as <s>')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flageval run --model altclip-emoji-m12 --task multilingual-mini --output runs/m12
  flageval run --model ./model.mjs --task emoji-retrieval --languages en,ja --output runs/mine --json
  flageval run --model openai:http://localhost:8000/v1#gpt2 --task tasks/arc.yaml --data allenai/ai2_arc=data/arc --output runs/gpt2
  flageval run --model command:"node model.mjs" --task tasks/mmlu.yaml --fewshot 5 --output runs/mine
  flageval run --model adaptive-bytes --task capitals --perturb typos --perturb lower-case --output runs/robust

Models: a name or folder of @flag/ai; a .mjs file; vectors:<folder>; openai:<url>#<model> (completions with logprobs);
openai-chat:<url>#<model> (generates only); serving:<url>#<engine>; command:<command line> (JSON lines);
adaptive-bytes (the baseline of language tasks); outputs:<folder> (pictures or captions that a model made).
Tasks in lm-eval's dialect are YAML files that name a task or a group.
${exitCodes}`,
    )
    .action(async (options) => finish(await runCommand(context, options)))
  program
    .command('compare')
    .description('compare two runs sample by sample')
    .argument('<first>', 'run folder')
    .argument('<second>', 'run folder')
    .option('--metric <name>', "instead of each task's primary metric")
    .addOption(
      new Option('--correction <name>', 'for many comparisons: family-wise or false discovery rate')
        .choices(['holm', 'bh'])
        .default('holm'),
    )
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
    .command('export')
    .description("write a run as another tool's JSON")
    .argument('<folder>', 'run folder')
    .requiredOption('--as <form>', exportForms.join(', '))
    .option('--output <file>', 'instead of stdout')
    .option('--samples', 'lm-eval: with every sample')
    .option('--bootstrap <number>', 'lm-eval: resamples of standard errors (100000)')
    .addHelpText('after', '\nExample:\n  flageval export runs/gpt2 --as lm-eval --output results.json')
    .action((folder, options) => exportCommand(context.terminal, folder, options))
  program
    .command('serve')
    .description("score what teams submit, by FlagEvalMM's protocol")
    .requiredOption(
      '--task <file...>',
      "YAML files of tasks or groups in lm-eval's dialect; retrieval tasks by name or file",
    )
    .requiredOption('--database <file>', 'SQLite file of teams and submissions')
    .option('--languages <codes...>', 'of retrieval tasks only these languages')
    .option('--allow-code', 'serve tasks that run the programs that teams hand in, in a sandbox')
    .option('--port <number>', '0 takes a free one', '5000')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .addHelpText(
      'after',
      '\nExample:\n  flageval serve --task tasks/quiz.yaml --database board.db --port 5000',
    )
    .action((options) => serveCommand(context.terminal, options))
  program
    .command('answer')
    .description("put a language model behind flageval-serving's endpoint, POST /func")
    .requiredOption('--model <model>', 'a .mjs file, command:<command line>, openai:<url>#<name> …')
    .option('--port <number>', '0 takes a free one', '5000')
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--concurrency <number>', 'endpoints and commands: requests at once')
    .option('--timeout <seconds>', 'endpoints and commands: for one answer')
    .option('--retries <number>', 'endpoints: further tries')
    .addHelpText(
      'after',
      `
Prints the address when it listens; Ctrl-C ends it.

Example:
  flageval answer --model command:"node model.mjs" --port 5000
  flageval run --model serving:http://127.0.0.1:5000/func --task tasks/quiz.yaml --output runs/quiz
${exitCodes}`,
    )
    .action((options) => answerCommand(context.terminal, options))
  program
    .command('team')
    .description('add a team to a server and print its token, which is not kept')
    .argument('<name>', 'name on the leaderboard')
    .requiredOption('--database <file>', 'SQLite file of the server')
    .option('--quota <number>', 'submissions a day', '100')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flageval team lions --database board.db --quota 20')
    .action((name, options) => teamCommand(context.terminal, name, options))
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
