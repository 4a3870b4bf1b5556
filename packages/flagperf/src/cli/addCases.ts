import type { Terminal } from '@flag/core-tensor/terminal'
import { type Command, Option } from 'commander'
import {
  cold,
  energy,
  type GenerateOptions,
  generate,
  type OpOptions,
  op,
  soak,
  train,
} from './caseCommands.ts'
import type { CommonOptions, OpenOptions } from './measure.ts'
import { assignment, choice, exitCodes, positive, positiveInteger, wholeNumber } from './options.ts'
import { type RunConfigOptions, runConfig } from './runConfig.ts'

/** Adds the commands that measure other things than a model under load. `common` adds the options that all have. */
export function addCases(
  program: Command,
  common: (command: Command) => Command,
  terminal: Terminal,
  finish: (ok: boolean) => void,
): void {
  const command = (name: string, description: string, examples: readonly string[]) =>
    common(program.command(name))
      .description(description)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n${exitCodes}`)
  const opening = (name: string, description: string, examples: readonly string[]) =>
    command(name, description, examples)
      .argument('<file>', 'model, an .onnx file, or a part of a model of @flag/ai')
      .option('--size <name=n>', 'size of an axis that the model leaves open (default: 1)', assignment, {})
      .option('--fill <input=n>', 'value of every element of an input', assignment, {})

  command('op', 'measure operators one by one: first call, later calls, kernel, rate, and where it ran', [
    'flagperf op --list',
    'flagperf op MatMul Softmax --tier quick',
    'flagperf op mm gelu --set flagperf --dtype float16 --provider webgpu',
    'flagperf op --model net.onnx --size batch=8 Conv',
  ])
    .argument('[operator...]', 'names (default: all)')
    .addOption(new Option('--set <name>', 'whose names').choices(['onnx', 'flagperf']).default('onnx'))
    .option('--dtype <type>', 'element type (default: the usual one of each operator)')
    .option('--elements <n>', 'elements of the largest argument, about', positiveInteger)
    .option('--model <file>', 'the different nodes of a model instead')
    .option('--size <name=n>', 'size of an axis that the model leaves open (default: 1)', assignment, {})
    .option('--list', 'print what there is and measure nothing')
    .action(async (names: string[], options: OpOptions) => finish(await op(terminal, names, options)))

  opening('cold', 'measure how long a model takes to its first result in a new process', [
    'flagperf cold net.onnx --tier quick',
    'flagperf cold net.onnx --in-place --processes 20 --output cold.json',
  ])
    .option('--processes <n>', 'processes, instead of those of the tier', positiveInteger)
    .option(
      '--in-place',
      'leave weights where they lie instead of copying them into the layout that kernels like best',
    )
    .action(async (file: string, options: OpenOptions & { processes?: number; inPlace?: boolean }) =>
      finish(await cold(terminal, file, options)),
    )

  opening('soak', 'look for memory that grows while a model runs over and over', [
    'flagperf soak net.onnx',
    'flagperf soak net.onnx --reopen --seconds 300',
  ])
    .option('--seconds <n>', 'duration, instead of that of the tier', positive)
    .option('--reopen', 'open the model anew for every run')
    .action(async (file: string, options: OpenOptions & { seconds?: number; reopen?: boolean }) =>
      finish(await soak(terminal, file, options)),
    )

  opening('energy', 'measure the energy of a run, above that of an idle machine', [
    'flagperf energy net.onnx',
    'flagperf energy net.onnx --provider webgpu --tier quick',
  ]).action(async (file: string, options: OpenOptions) => finish(await energy(terminal, file, options)))

  command('train', 'measure training: time of a step, samples a second, time to a quality', [
    'flagperf train clusters --tier quick',
    'flagperf train ./my-task.mjs --steps 2000 --output train.json',
  ])
    .argument('[task]', 'name, or path of a module whose default export is a TrainTask', 'clusters')
    .option('--steps <n>', 'steps at most', positiveInteger, 1000)
    .option('--evaluate-every <n>', 'steps between evaluations', positiveInteger, 20)
    .option('--seed <n>', 'of the initial weights and the batches', wholeNumber, 0)
    .action(
      async (task: string, options: CommonOptions & { steps: number; evaluateEvery: number; seed: number }) =>
        finish(await train(terminal, task, options)),
    )

  command('run', 'measure the cases of a configuration of FlagPerf (host.yaml, test_conf.py)', [
    'flagperf run operation/configs/host.yaml --list',
    'flagperf run base/configs/host.yaml --tier quick --output base.json',
    'flagperf run inference/configs/host.yaml --model resnet50=resnet50.onnx --output resnet50.json',
    'flagperf report resnet50.json --format flagperf --beside resnet50=README.md',
  ])
    .argument('<config>', 'its CASES say what is measured')
    .option(
      '--model <name=file>',
      'file of a model by its name there: .onnx, or a module with a TrainTask',
      choice,
      {},
    )
    .option('--roofline', 'measure what the chip can reach first, so that models have an MFU')
    .option('--list', 'print what each case means here and measure nothing')
    .action(async (config: string, options: RunConfigOptions) =>
      finish(await runConfig(terminal, config, options)),
    )

  command('generate', 'measure a generator of text: first token, between tokens, tokens a second, goodput', [
    'flagperf generate --tier quick',
    'flagperf generate --url http://127.0.0.1:8000/v1 --model qwen --prompts prompts.txt --concurrency 8',
    'flagperf generate --url http://127.0.0.1:8000/v1 --model qwen --rate 4 --ttft-limit 500 --tpot-limit 50',
  ])
    .option('--url <url>', 'server with OpenAI-compatible chat completions (default: a dummy that waits)')
    .option('--model <name>', 'by which the server knows the model')
    .option('--key-variable <name>', 'variable of the environment that holds the key')
    .option('--prompts <file>', 'prompts, one a line')
    .option('--requests <n>', 'requests, instead of those of the tier', positiveInteger)
    .option('--concurrency <n>', 'requests at a time', positiveInteger, 1)
    .option('--rate <n>', 'requests a second at random times, whether others are done or not', positive)
    .option('--max-tokens <n>', 'tokens of an answer', positiveInteger, 64)
    .option('--ttft-limit <ms>', 'time to the first token that a good request keeps', positive)
    .option('--tpot-limit <ms>', 'time per token after the first that a good request keeps', positive)
    .action(async (options: GenerateOptions) => finish(await generate(terminal, options)))
}
