import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Monitor } from './monitor.ts'

interface Ticks {
  readonly total: number
  readonly idle: number
  /** Not told where the system has no /proc/stat. */
  readonly steal: number | null
}

/** Clock ticks of all processors since the start. */
export function processorTicks(): Ticks {
  if (process.platform === 'linux') {
    const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
    // user nice system idle iowait irq softirq steal; guest times, which follow, are in user and nice already.
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
    return { total: ticks.reduce((a, b) => a + b, 0), idle: ticks[3] + ticks[4], steal: ticks[7] ?? 0 }
  }
  const times = cpus().map(({ times }) => times)
  const total = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { total, idle: times.reduce((sum, { idle }) => sum + idle, 0), steal: null }
}

/** Share of all processors that was busy since the last reading, and the share that a hypervisor gave to others. */
export const processorMonitor: Monitor = {
  name: 'processor',
  columns: { 'processor.busy': 'share', 'processor.steal': 'share' },
  start() {
    let before = processorTicks()
    return {
      read() {
        const now = processorTicks()
        const passed = now.total - before.total
        const share = (ticks: number | null) => (ticks === null || passed <= 0 ? null : ticks / passed)
        const reading = {
          'processor.busy': share(passed - (now.idle - before.idle)),
          'processor.steal': share(
            now.steal === null || before.steal === null ? null : now.steal - before.steal,
          ),
        }
        before = now
        return reading
      },
    }
  },
}
