import { join, resolve } from 'node:path'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { pathsOf } from './state.ts'
import { type Command, planTasks } from './tasks.ts'

export interface RayOptions {
  /** Tasks of each phase, as far as it has that many items. */
  tasks: number
  /** Processors that a task reserves. */
  cpus?: number
  command: Command
}

/**
 * Writes `launch.py`, which runs what is missing as tasks of a Ray cluster, a phase after the other; Ray has no interface
 * for Node, so each task is a process that it starts. Returns the file.
 *
 * @throws DataError as `run` does
 */
export async function writeRay(
  pipeline: Pipeline,
  { tasks, cpus = 1, command }: RayOptions,
): Promise<string> {
  const phases = await planTasks(pipeline, tasks)
  const file = join(pathsOf(pipeline).state, 'ray', 'launch.py')
  const work = [...command, 'work', resolve(pipeline.write.path)]
  // JSON's strings, numbers and lists are Python's.
  const list = phases
    .map(({ phase, tasks, open }) => `    ${JSON.stringify([phase, tasks, open])},\n`)
    .join('')
  await writeAtomic(
    file,
    `"""Runs the phases of a run of flagdata as tasks of a Ray cluster: python launch.py

RAY_ADDRESS names the cluster; without it Ray starts one on this machine. Run it again after a failure: what is done is
not done again.
"""
import os
import subprocess
import sys

import ray

WORK = ${JSON.stringify(work)}
PHASES = [
${list}]


@ray.remote(num_cpus=${cpus}, max_retries=3)
def task(phase, number, tasks):
    ended = subprocess.run(
        WORK + ["--phase", phase, "--task", str(number), "--tasks", str(tasks)], stderr=subprocess.PIPE, text=True
    )
    return None if ended.returncode == 0 else f"{phase}, task {number}: {ended.stderr.strip()}"


ray.init(address=os.environ.get("RAY_ADDRESS"), log_to_driver=False)
for phase, tasks, numbers in PHASES:
    failures = [it for it in ray.get([task.remote(phase, number, tasks) for number in numbers]) if it]
    print(f"{phase}: {len(numbers) - len(failures)} of {len(numbers)} tasks done", flush=True)
    if failures:
        sys.exit("\\n".join(failures))
`,
  )
  return file
}
