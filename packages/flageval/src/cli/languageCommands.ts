import { rename, writeFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { LiveLine, printJson, type Terminal } from '@flag/core-tensor/terminal'
import { toLmEval } from '../export/lmEval.ts'
import { toClipBenchmark, toFlagEval } from '../export/pictures.ts'
import type { LanguageModel } from '../models/languageModel.ts'
import { openLanguageModel } from '../models/openLanguageModel.ts'
import { resultsOf } from '../run/results.ts'
import { runPrompts } from '../run/runPrompts.ts'
import { openRun } from '../run/validate.ts'
import type { PerturbationName } from '../wrappers/perturbations.ts'
import { differenceTables, promptTable } from './tables.ts'

/** A language model, and how it is asked. */
export interface LanguageOptions {
  model: string
  concurrency?: string
  timeout?: string
  retries?: string
  prefix?: string
}

export interface PromptCommandOptions extends LanguageOptions {
  output: string
  cache?: string
  json?: boolean
  fewshot?: string
  seed?: string
  limit?: string
  data?: string[]
  allowCode?: boolean
  perturb?: PerturbationName[]
  perturbColumns?: string[]
}

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new FlagError('invalid-argument', `--${name} is "${text}", expected a number`)
}

const folderOf = (text: string): [string, string] => {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new FlagError('invalid-argument', `--data is "${text}", expected <name>=<folder>`)
}

/** The language model that `--model` names, asked as the other options say. */
export function openLanguage(options: LanguageOptions): Promise<LanguageModel> {
  const seconds = numberOf(options.timeout, 'timeout')
  return openLanguageModel(options.model, {
    concurrency: numberOf(options.concurrency, 'concurrency'),
    retries: numberOf(options.retries, 'retries'),
    timeoutMs: seconds === undefined ? undefined : 1000 * seconds,
    prefix: options.prefix,
  })
}

/** `flageval run` on tasks in lm-eval's dialect. The exit code tells whether every task has scores. */
export async function promptCommand(
  terminal: Terminal,
  files: readonly string[],
  options: PromptCommandOptions,
): Promise<number> {
  const perturbed = options.perturb && { by: options.perturb, columns: options.perturbColumns ?? [] }
  if (perturbed?.columns.length === 0) {
    throw new FlagError('invalid-argument', `--perturb: which columns of the documents of ${files[0]}?`, {
      hint: 'name those of the question: --perturb-columns question',
    })
  }
  const model = await openLanguage(options)
  const progress = new LiveLine(terminal)
  try {
    const { run, results, custom } = await runPrompts(model, files, {
      output: options.output,
      cache: options.cache,
      fewshot: numberOf(options.fewshot, 'fewshot'),
      seed: numberOf(options.seed, 'seed'),
      limit: numberOf(options.limit, 'limit'),
      allowCode: options.allowCode,
      perturbed,
      data: Object.fromEntries((options.data ?? []).map(folderOf)),
      onProgress: (task, done, total) => {
        progress.show(() => `${task}: requests ${done}/${total}`)
      },
    })
    progress.end()
    if (options.json) printJson(terminal, { run, results, custom })
    else terminal.out(`${[promptTable(results, custom), ...differenceTables(results)].join('\n\n')}\n`)
    return results.every(({ error }) => error === undefined) ? 0 : 1
  } finally {
    await model.dispose()
  }
}

export const exportForms = ['lm-eval', 'clip-benchmark', 'flageval'] as const

/** `flageval export`: a run in the JSON of another tool, to a file or to stdout. */
export async function exportCommand(
  terminal: Terminal,
  folder: string,
  options: { as: string; output?: string; samples?: boolean; bootstrap?: string },
): Promise<void> {
  const iterations = numberOf(options.bootstrap, 'bootstrap')
  const value = await exported(folder, options.as, { samples: options.samples, iterations })
  const text = Array.isArray(value)
    ? value.map((line) => `${JSON.stringify(line)}\n`).join('')
    : `${JSON.stringify(value, null, 2)}\n`
  if (options.output === undefined) {
    terminal.out(text)
    return
  }
  await writeFile(`${options.output}.tmp`, text)
  await rename(`${options.output}.tmp`, options.output)
}

async function exported(folder: string, form: string, options: { samples?: boolean; iterations?: number }) {
  if (form === 'lm-eval') return toLmEval(folder, options)
  const { run, logs } = await openRun(folder)
  const results = resultsOf(logs, run.tasks, run.prompted)
  if (form === 'clip-benchmark') return toClipBenchmark(run, results)
  if (form === 'flageval') return toFlagEval(run, results)
  throw new FlagError('invalid-argument', `--as is "${form}", expected ${exportForms.join(', ')}`)
}
