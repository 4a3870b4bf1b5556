import { FlagError } from '@flag/core-tensor'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { EMBEDDED_MODEL } from '../models/folder.ts'
import { modelDTypes } from '../models/precision.ts'
import type { Context } from './context.ts'
import { convert } from './convert.ts'
import { doctor } from './doctor.ts'
import { embed } from './embed.ts'
import { exportModel } from './export.ts'
import { listModels, VERSION } from './models.ts'
import { pull } from './pull.ts'
import { search } from './search.ts'
import { zeroShot } from './zeroShot.ts'

function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1')
  return value
}

const exitCodes = `
Exit codes: 0 done (pictures that cannot be read are named on stderr and skipped), 1 failed, 2 wrong usage.
Results go to stdout, everything else to stderr.`

function build(context: Context): Command {
  const program = new Command('flagai')
    .description('Search, classify and embed pictures and texts in many languages, with AltCLIP models.')
    .version(VERSION)
    .option('--debug', 'print stack traces')
    .showHelpAfterError('(flagai --help shows how)')
    .addHelpText(
      'after',
      `
Examples:
  flagai search ~/Pictures "a red umbrella in the rain"
  flagai search ~/Pictures "雨中的红伞" --top 20 --html hits.html
  flagai zero-shot cat.jpg --labels cat,dog,horse
  flagai embed ~/Pictures --output pictures.parquet
  flagai export altclip-emoji-m12 --onnx onnx
  flagai pull BAAI/AltCLIP-m9
  flagai convert pytorch_model.bin --to safetensors -o model.safetensors
${exitCodes}`,
    )
  const model = ['--model <id>', 'embedded model, Hugging Face id or folder', EMBEDDED_MODEL] as const
  const dtype = () =>
    new Option(
      '--dtype <dtype>',
      'how weights are kept; converted once where the model stores them otherwise',
    )
      .choices(modelDTypes)
      .default('auto')

  program
    .command('search')
    .description('find pictures of a folder by text; indexes what is new or changed first')
    .argument(
      '<folder>',
      'folder with pictures (png, jpeg, webp, gif, svg, tiff, avif), searched with all below it',
    )
    .argument('<query...>', 'what to look for, in any language of the model')
    .option('--top <n>', 'number of pictures', positiveInteger, 12)
    .option('--html <file>', 'write a page that shows the pictures')
    .option(...model)
    .addOption(dtype())
    .option('--index <folder>', 'where the index is kept (default: .flagai in the folder)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flagai search photos "two dogs on a beach"
  flagai search photos "дом с красной крышей" "赤い屋根の家" --html houses.html
  flagai search /read-only/photos "sunset" --index ~/.cache/photos --json
${exitCodes}`,
    )
    .action((folder, queries, options) => search(context, folder, queries, options))

  program
    .command('zero-shot')
    .description('say which of some labels fits a picture')
    .argument('<image...>', 'picture files')
    .requiredOption('--labels <label...>', 'labels, separated by commas or spaces')
    .option('--template <text>', 'text around a label, with {} where it goes', '{}')
    .option(...model)
    .addOption(dtype())
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flagai zero-shot cat.jpg --labels cat,dog,horse
  flagai zero-shot *.png --labels 猫,狗 --template "一张{}的照片" --json
${exitCodes}`,
    )
    .action((images, options) => zeroShot(context, images, options))

  program
    .command('embed')
    .description('write the vectors of the pictures of a folder, or of the lines of a text file')
    .argument('<input>', 'folder with pictures, or UTF-8 text file with one text a line')
    .requiredOption('--output <file>', 'file to write: .arrow, .parquet or .npy')
    .option(...model)
    .addOption(dtype())
    .option('--json', 'print one JSON document about what was written')
    .addHelpText(
      'after',
      `
Examples:
  flagai embed photos --output photos.parquet
  flagai embed photos --output photos.npy --dtype int8
  flagai embed captions.txt --output captions.npy   (texts in captions.names.txt)
${exitCodes}`,
    )
    .action((input, options) => embed(context, input, options))

  program
    .command('export')
    .description('write a model as standard ONNX files, which other runtimes open')
    .argument('<model>', 'embedded model, Hugging Face id or folder')
    .requiredOption('--onnx <folder>', 'where to write text_model.onnx and vision_model.onnx')
    .addOption(dtype())
    .option('--opset <n>', 'version of the ONNX operator set, 20 or 21', positiveInteger, 21)
    .option('--in-place', "refer to the checkpoint's files instead of copying the weights")
    .option('--json', 'print one JSON document about what was written')
    .addHelpText(
      'after',
      `
Examples:
  flagai export altclip-emoji-m12 --onnx onnx
  flagai export BAAI/AltCLIP-m9 --onnx onnx --dtype int8
  flagai export ./my-model --onnx ./my-model/onnx --in-place
${exitCodes}`,
    )
    .action((id, options) => exportModel(context, id, options))

  program
    .command('pull')
    .description('download a model of the Hugging Face hub into the cache, or go on with it')
    .argument('<id>', 'owner/name')
    .option('--revision <revision>', 'branch, tag or full commit', 'main')
    .option('--include <glob...>', 'files to take (default: what opening the model needs)')
    .option('--exclude <glob...>', 'files not to take')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  flagai pull BAAI/AltCLIP-m9
  flagai pull BAAI/AltCLIP-m9 --include "*.json" --exclude "onnx/*" --json
  HF_ENDPOINT=https://hub.example flagai pull BAAI/AltCLIP --revision main

Exit codes: 0 the model is here and verified, 1 failed (what was downloaded is kept: run it again), 2 wrong usage.
The folder goes to stdout. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE mean what they mean to
Python's huggingface_hub, which shares the cache.`,
    )
    .action((id, options) => pull(context, id, options))

  program
    .command('convert')
    .description('write the tensors of a checkpoint as safetensors or as a torch file')
    .argument('<input>', 'checkpoint file, .index.json over shards, or model folder')
    .addOption(new Option('--to <format>', 'format').choices(['safetensors', 'torch']).makeOptionMandatory())
    .requiredOption('-o, --output <file>', 'file to write')
    .addOption(
      new Option('--dtype <type>', 'type of floating-point tensors').choices(['fp32', 'fp16', 'bf16']),
    )
    .option('--json', 'print one JSON document about what was written')
    .addHelpText(
      'after',
      `
Examples:
  flagai convert pytorch_model.bin --to safetensors -o model.safetensors
  flagai convert ./model --to torch --dtype fp16 -o pytorch_model.bin

Exit codes: 0 written, 1 failed (nothing is written), 2 wrong usage. Nothing in a torch file is executed.`,
    )
    .action((input, options) => convert(context, input, options))

  program
    .command('models')
    .description('list the models that can be used')
    .option('--cached', 'list what is in the Hugging Face cache')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  flagai models --json\n  flagai models --cached')
    .action((options) => listModels(context, options))

  program
    .command('doctor')
    .description('check what works on this machine')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  flagai doctor')
    .action((options) => doctor(context, options))

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
 * (one line on stderr; a stack trace with `--debug`), 2 wrong usage.
 */
export async function run(args: readonly string[], context: Context): Promise<number> {
  const debug = args.includes('--debug')
  try {
    await build(context).parseAsync(
      args.filter((arg) => arg !== '--debug'),
      { from: 'user' },
    )
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const { message, stack } = error as Error
    const hint = error instanceof FlagError && error.hint ? ` (${error.hint})` : ''
    context.terminal.err(`flagai: ${message.split('\n')[0]}${hint}\n`)
    if (debug) context.terminal.err(`${stack}\n`)
    return 1
  }
}
