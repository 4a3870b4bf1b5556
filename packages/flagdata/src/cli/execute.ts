import { realpathSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { printable, type Terminal } from '@flag/core-tensor/terminal'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DataError } from '../errors.ts'
import { writeKubernetes } from '../executors/kubernetes.ts'
import { run } from '../executors/local.ts'
import { writeRay } from '../executors/ray.ts'
import { submitSlurm, waitForSlurm } from '../executors/slurm.ts'
import { runStreams, usesStreams } from '../executors/stream.ts'
import type { Command as ProgramCommand } from '../executors/tasks.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { ProgressLine } from './progress.ts'
import { describeSummary, faultLines } from './report.ts'
import { readStatus } from './status.ts'

/** A parser for commander of whole numbers from `least`. */
export function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number from ${least}`)
    return value
  }
}

const collect = (value: string, before: readonly string[]) => [...before, value]

export interface ExecuteOptions {
  executor: 'local' | 'slurm' | 'kubernetes' | 'ray'
  workers: number
  tasks: number
  maxRunning?: number
  program?: string
  sbatch: string[]
  wait?: boolean
  image?: string
  claim?: string
  mount?: string
  namespace?: string
  json?: boolean
}

/** The options that say where and how a run is done. */
export const withExecutorOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--executor <name>', 'where the work is done')
        .choices(['local', 'slurm', 'kubernetes', 'ray'])
        .default('local'),
    )
    .option('--workers <n>', 'local: threads', wholeNumber(1), Math.min(8, availableParallelism()))
    .option('--tasks <n>', 'cluster: tasks of each phase', wholeNumber(1), 100)
    .option('--max-running <n>', 'cluster: tasks that may run at once', wholeNumber(1))
    .option('--program <command>', 'cluster: how its machines start flagdata, such as "npx flagdata"')
    .option(
      '--sbatch <option>',
      'slurm: an option for sbatch, such as --partition=cpu; may be repeated',
      collect,
      [],
    )
    .option('--wait', 'slurm: wait until all jobs have ended')
    .option('--image <name>', 'kubernetes: an image with Node and @flag/data')
    .option('--claim <name>', 'kubernetes: the volume claim that holds input and output')
    .option('--mount <folder>', 'kubernetes: where it is mounted, here as in the pods')
    .option('--namespace <name>', 'kubernetes: the namespace')

/** This program, as another process starts it. */
const thisProgram = (): ProgramCommand => {
  const main = new URL('main.ts', import.meta.url)
  const fromSources = import.meta.url.endsWith('.ts')
  return [
    process.execPath,
    ...process.execArgv,
    fromSources ? fileURLToPath(main) : realpathSync(process.argv[1]),
  ]
}

/** Does a run, or hands it to a cluster, and says how it went. */
export async function execute(
  pipeline: Pipeline,
  options: ExecuteOptions,
  terminal: Terminal,
): Promise<void> {
  const { executor, tasks, maxRunning, json } = options
  const output = pipeline.write.path
  const command = options.program ? (options.program.split(' ') as unknown as ProgramCommand) : thisProgram()
  const print = (value: unknown, text: string) =>
    terminal.out(json ? `${JSON.stringify(value, null, 2)}\n` : text)

  if (usesStreams(pipeline)) {
    if (executor !== 'local')
      throw new DataError('invalid-argument', `${executor} does not see standard input and output`, {
        hint: 'give folders that all machines see',
      })
    const streams = { input: process.stdin, output: process.stdout }
    const summary = await runStreams(pipeline, streams, { workers: options.workers })
    for (const line of faultLines(summary.statistics)) terminal.err(`${printable(line)}\n`)
    // The output may be the documents, so what is said about them is not.
    terminal.err(json ? `${JSON.stringify(summary)}\n` : describeSummary(summary, output))
  } else if (executor === 'local') {
    const progress = new ProgressLine(terminal)
    const summary = await run(pipeline, { workers: options.workers, onProgress: progress.update }).finally(
      () => progress.end(),
    )
    for (const line of faultLines(summary.statistics)) terminal.err(`${printable(line)}\n`)
    print(summary, describeSummary(summary, output))
  } else if (executor === 'slurm') {
    const arrays = await submitSlurm(pipeline, { tasks, maxRunning, command, sbatch: options.sbatch })
    const jobs = arrays
      .map(({ phase, job, tasks }) => `${phase}: job ${job}, ${tasks.length} tasks\n`)
      .join('')
    if (!options.wait) {
      print(
        { arrays },
        `${jobs || 'nothing is left to do\n'}flagdata status ${output} shows how far they are\n`,
      )
      return
    }
    if (!json) terminal.err(jobs)
    await waitForSlurm(arrays)
    const { complete, summary, phases } = await readStatus(output)
    const missing = phases.find(({ done, total }) => done < total)
    if (!complete || summary === undefined)
      throw new DataError(
        'runtime',
        `${output}: ${missing?.name} is done for ${missing?.done} of ${missing?.total} items`,
        {
          hint: `logs: ${output}/.flagdata/slurm; flagdata resume ${output} --executor slurm does what is missing`,
        },
      )
    print(summary, describeSummary(summary, output))
  } else if (executor === 'kubernetes') {
    const { image, claim, mount, namespace } = options
    if (!image || !claim || !mount)
      throw new DataError('invalid-argument', 'kubernetes: --image, --claim and --mount are needed')
    const kubernetes = { tasks, maxRunning, command: options.program ? command : (['flagdata'] as const) }
    const folder = await writeKubernetes(pipeline, { ...kubernetes, image, claim, mount, namespace })
    print({ folder }, `sh ${folder}/submit.sh\n`)
  } else {
    const file = await writeRay(pipeline, { tasks, command })
    print({ file }, `python ${file}\n`)
  }
}
