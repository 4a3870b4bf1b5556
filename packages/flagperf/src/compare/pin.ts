import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Holds processes on one core, the last that this one may use: cores of one machine are not equally fast, and a process
 * stays on the one it was given. Gives whether it could be done: it takes Linux and `taskset` of util-linux.
 */
export async function pinToOneCore(pids: readonly (number | undefined)[]): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const core = /^Cpus_allowed_list:\s.*?(\d+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]
  if (core === undefined) return false
  const pin = (pid: number | undefined) => run('taskset', ['-a', '-c', '-p', core, String(pid)])
  const outcomes = await Promise.allSettled(pids.map(pin))
  return outcomes.every(({ status }) => status === 'fulfilled')
}
