import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import type { Monitor } from './monitor.ts'

/** Memory that the system could still give, and memory of the process of the case. */
export const memoryMonitor: Monitor = {
  name: 'memory',
  columns: { 'memory.available': 'B', 'memory.case': 'B' },
  start: ({ pid }) => ({
    read: () => ({ 'memory.available': available(), 'memory.case': residentOf(pid()) }),
  }),
}

function available(): number {
  if (process.platform !== 'linux') return freemem()
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
}

/** Resident memory of a process; `null` where the system does not tell, or the process is gone. */
function residentOf(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    // It has ended between two readings.
    return null
  }
}
