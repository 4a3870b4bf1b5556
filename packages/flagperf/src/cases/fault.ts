import { spawn } from 'node:child_process'
import type { FaultSpec } from './spec.ts'

const kept: Uint8Array[] = []

/** Does what a case must not do: what contains cases is tested with it. */
export async function commitFault({ fault }: FaultSpec): Promise<never> {
  switch (fault) {
    case 'abort':
      return process.abort()
    case 'exit':
      return process.exit(3)
    case 'throw':
      throw new Error('no such luck')
    case 'memory':
      // A gigabyte, and not more: a test must not take the machine with it. Then it waits to be found.
      kept.push(new Uint8Array(2 ** 30).fill(1))
      return new Promise<never>(() => {})
    case 'hang':
      leaveCompany()
      for (;;);
  }
}

/** Starts a process that holds this one's stderr open, and ends when the one that measures ends. */
function leaveCompany(): void {
  const watch = `setInterval(() => { try { process.kill(${process.ppid}, 0) } catch { process.exit() } }, 100)`
  spawn(process.execPath, ['-e', watch], { stdio: ['ignore', 'ignore', 'inherit'] })
}
