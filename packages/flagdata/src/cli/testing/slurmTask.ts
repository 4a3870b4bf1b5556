// `flagdata` as the Slurm test starts it in jobs. When it has done its first item of the steps, task 1 waits until the test
// writes to the pipe FLAG_TEST_GATE, and task 2 gets the signal that Slurm sends before a time limit; both only once.
import { readFileSync, writeSync } from 'node:fs'
import { run } from '../program.ts'

const {
  SLURM_ARRAY_TASK_ID: task,
  SLURM_RESTART_COUNT: restarts = '0',
  FLAG_TEST_GATE: gate = '',
} = process.env
// A second array has the same indices.
const special = !process.argv.includes('--task-offset') && restarts === '0'
let items = 0
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => writeSync(1, text),
  err(text) {
    writeSync(2, text)
    if (!text.startsWith('steps ') || items++ > 0 || !special) return
    if (task === '1') readFileSync(gate)
    if (task === '2') process.kill(process.pid, 'SIGUSR2')
  },
  isInteractive: false,
})
