import type { Terminal } from '@flag/core-tensor/terminal'
import type { Command } from 'commander'
import { DataError } from '../errors.ts'
import { requeueSlurmTask } from '../executors/slurm.ts'
import { work } from '../executors/work.ts'
import { wholeNumber } from './execute.ts'

/** The number of this task as clusters tell it to a process. */
const taskVariables = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX']

/** `flagdata work`: one task's share of a phase, as the jobs of a cluster run it. */
export function addWork(program: Command, terminal: Terminal): void {
  program
    .command('work')
    .description('do one task’s share of a phase of a run: what the jobs of a cluster start')
    .argument('<output>', 'folder that the run writes')
    .requiredOption('--phase <name>', 'phase of the run')
    .requiredOption('--tasks <n>', 'tasks that share it', wholeNumber(1))
    .option('--task <n>', `this task, from 0 (default: ${taskVariables.join(' or ')})`, wholeNumber(0))
    .option('--task-offset <n>', 'added to its number', wholeNumber(0), 0)
    .addHelpText('after', '\nExample:\n  flagdata work clean --phase steps --task 0 --tasks 8')
    .action(async (output, options) => {
      const given = taskVariables.map((name) => process.env[name]).find((value) => value !== undefined)
      const number = options.task ?? (given === undefined ? undefined : wholeNumber(0)(given))
      if (number === undefined)
        throw new DataError('invalid-argument', 'work: no task', {
          hint: `give --task, or set ${taskVariables.join(' or ')}`,
        })
      let stopped = false
      const stop = () => {
        stopped = true
      }
      // Sent before a time limit and before a preemption.
      process.on('SIGUSR2', stop).on('SIGTERM', stop)
      try {
        const { done, left } = await work(output, {
          phase: options.phase,
          task: number + options.taskOffset,
          tasks: options.tasks,
          stop: () => stopped,
          onItem: (item) => terminal.err(`${options.phase} ${item}\n`),
        })
        if (left === 0) return
        // Without this, a task whose first item takes longer than the limit would be put back for ever.
        if (done === 0 || !(await requeueSlurmTask()))
          throw new DataError('runtime', `${output}: stopped with ${left} items of ${options.phase} left`, {
            hint: 'start it again; if it never completes an item, give it more time',
          })
      } finally {
        process.off('SIGUSR2', stop).off('SIGTERM', stop)
      }
    })
}
