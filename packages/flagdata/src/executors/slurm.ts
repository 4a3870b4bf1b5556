import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { pathsOf, withAbsolutePaths } from './state.ts'
import { type Command, type PhaseTasks, planTasks, workLine } from './tasks.ts'

export interface SlurmOptions {
  /** Tasks of each phase, as far as it has that many items. */
  tasks: number
  /** Tasks of a phase that may run at once. */
  maxRunning?: number
  command: Command
  /** More options for sbatch, such as `--partition=cpu`. */
  sbatch?: readonly string[]
}

/** An array that was submitted. */
export interface SlurmArray {
  phase: string
  job: number
  /** What is added to an index of the array to get the task's number. */
  offset: number
  tasks: readonly number[]
}

/** A task that Slurm knows of, in its words: `PENDING` because of `Dependency`, `RUNNING`, `FAILED`, … */
export interface SlurmTask {
  phase: string
  job: number
  task: number
  state: string
  reason: string
}

const call = promisify(execFile)

async function slurm(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await call(program, [...args], { maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    if (code === 'ENOENT')
      throw new DataError('not-found', `${program}: not found`, {
        hint: 'the slurm executor runs where sbatch, squeue and scontrol are installed',
      })
    throw new DataError('runtime', `${program}: ${stderr?.trim() || message}`, { cause: error })
  }
}

/** The longest array that the cluster takes: indices lie below `MaxArraySize`. */
async function maxArraySize(): Promise<number> {
  const [, size] = (await slurm('scontrol', ['show', 'config'])).match(/^MaxArraySize\s*=\s*(\d+)/m) ?? []
  return Number(size ?? 1001)
}

const jobsFile = (state: string) => join(state, 'slurm', 'jobs.json')

/** The arrays of the last submission for an output folder. */
export async function readArrays(output: string): Promise<SlurmArray[]> {
  const text = await readFile(jobsFile(join(output, '.flagdata')), 'utf8').catch(() => '[]')
  return JSON.parse(text)
}

/**
 * Submits what is missing of a run as array jobs, one phase after the other by `afterok`; a phase with more tasks than an
 * array may have becomes several arrays. When a task fails, Slurm drops the phases behind it; submitting once more sends
 * only the tasks that have something left to do.
 *
 * @throws DataError `not-found` without Slurm, `invalid-argument` while an earlier submission is in the queue, `runtime`
 *   with sbatch's message
 */
export async function submitSlurm(pipeline: Pipeline, options: SlurmOptions): Promise<SlurmArray[]> {
  const output = resolve(pipeline.write.path)
  const size = await maxArraySize()
  const queued = (await slurmTasks(await readArrays(output))).filter(isWaiting)
  if (queued.length > 0)
    throw new DataError('invalid-argument', `${output}: Slurm still has ${queued.length} of its tasks`, {
      hint: `wait for them (flagdata status ${output}), or scancel ${[...new Set(queued.map(({ job }) => job))].join(' ')}`,
    })
  const phases = await planTasks(pipeline, options.tasks)
  const { state } = pathsOf(withAbsolutePaths(pipeline))
  await mkdir(join(state, 'slurm'), { recursive: true })
  const arrays: SlurmArray[] = []
  let before: number[] = []
  for (const phase of phases) {
    const jobs: number[] = []
    for (let offset = 0; offset < phase.tasks; offset += size) {
      const tasks = phase.open.filter((task) => task >= offset && task < offset + size)
      if (tasks.length === 0) continue
      const script = join(state, 'slurm', `${phase.phase}-${offset}.sh`)
      await writeAtomic(script, batchScript(output, state, phase, offset, tasks, before, options))
      const job = Number.parseInt(await slurm('sbatch', ['--parsable', script]), 10)
      jobs.push(job)
      arrays.push({ phase: phase.phase, job, offset, tasks })
      await writeAtomic(jobsFile(state), `${JSON.stringify(arrays, null, 1)}\n`)
    }
    before = jobs
  }
  return arrays
}

/** `exec` makes Node the process that Slurm signals: a minute before the time limit, so that the task can be requeued. */
function batchScript(
  output: string,
  state: string,
  phase: PhaseTasks,
  offset: number,
  tasks: readonly number[],
  before: readonly number[],
  { maxRunning, command, sbatch = [] }: SlurmOptions,
): string {
  const limit = maxRunning === undefined ? '' : `%${maxRunning}`
  const options = [
    `--job-name=flagdata-${phase.phase}`,
    `--array=${ranges(tasks.map((task) => task - offset))}${limit}`,
    `--output=${join(state, 'slurm', `${phase.phase}-${offset}-%a.log`)}`,
    '--open-mode=append',
    '--ntasks=1',
    '--requeue',
    '--signal=B:USR2@60',
    ...(before.length > 0 ? [`--dependency=afterok:${before.join(':')}`, '--kill-on-invalid-dep=yes'] : []),
    ...sbatch,
  ]
  return `#!/bin/sh\n${options.map((option) => `#SBATCH ${option}\n`).join('')}exec ${workLine(command, output, phase, offset)}\n`
}

/** Numbers as Slurm writes them: `0,3,5-7`. */
export function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = []
  for (const number of numbers) {
    const last = parts.at(-1)
    if (last && last[1] === number - 1) last[1] = number
    else parts.push([number, number])
  }
  return parts.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',')
}

/** What Slurm says about the tasks of arrays; it forgets those that ended a while ago. */
export async function slurmTasks(arrays: readonly SlurmArray[]): Promise<SlurmTask[]> {
  if (arrays.length === 0) return []
  const listing = await slurm('squeue', ['--noheader', '--array', '--states=all', '--format=%F|%K|%T|%r'])
  const byJob = new Map(arrays.map((array) => [array.job, array]))
  return listing.split('\n').flatMap((line) => {
    const [job, index, state, reason] = line.trim().split('|')
    const array = byJob.get(Number(job))
    if (array === undefined) return []
    return [{ phase: array.phase, job: array.job, task: Number(index) + array.offset, state, reason }]
  })
}

/** Whether a task has not come to its end. */
const isWaiting = ({ state }: SlurmTask): boolean =>
  /^(PENDING|RUNNING|SUSPENDED|CONFIGURING|COMPLETING|REQUEUED|REQUEUE_HOLD|RESIZING|SIGNALING|STAGE_OUT|STOPPED)$/.test(
    state,
  )

/** Waits until Slurm has no task of the arrays left; asks every `seconds`. */
export async function waitForSlurm(
  arrays: readonly SlurmArray[],
  { seconds = 5, onTasks }: { seconds?: number; onTasks?(tasks: readonly SlurmTask[]): void } = {},
): Promise<void> {
  for (;;) {
    const tasks = (await slurmTasks(arrays)).filter(isWaiting)
    onTasks?.(tasks)
    if (tasks.length === 0) return
    await pause(1000 * seconds)
  }
}

/** Puts this task back into the queue, when it runs in one. Returns whether it does. */
export async function requeueSlurmTask(environment = process.env): Promise<boolean> {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task } = environment
  if (array === undefined || task === undefined) return false
  await slurm('scontrol', ['requeue', `${array}_${task}`])
  return true
}
