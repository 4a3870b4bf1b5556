import { fork } from 'node:child_process'
import { dirname, join, resolve as resolvePath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../files.ts'
import type { MonitorSeries } from './series.ts'
import type { TimedReading } from './watch.ts'

/** From and to the process that watches. */
export type MonitorRequest = { readonly watch: number | null }
export type MonitorReply =
  | { readonly started: Pick<MonitorSeries, 'units' | 'unavailable'> }
  | { readonly reading: TimedReading }

/** Monitors in a process of their own, so that what is measured is not held up by them. */
export interface Background {
  /** Reads from now on for this process. */
  watch(pid: number | undefined): void
  /** What was read since a time (`Date.now()`). */
  since(startMs: number): MonitorSeries
  stop(): void
}

/** Between readings. Each takes well under a millisecond, so this is less than a thousandth of a processor. */
const INTERVAL_MS = 250

/**
 * Starts the process that watches; it ends with this one. `adapter` is the path of a module with an adapter whose monitors are
 * to be read too.
 */
export function startBackground(adapter?: string, intervalMs = INTERVAL_MS): Promise<Background> {
  return new Promise((resolve, reject) => {
    const here = fileURLToPath(import.meta.url)
    const fromSource = here.endsWith('.ts')
    const file = fromSource ? join(dirname(here), 'child.ts') : join(packageRoot(), 'dist/monitors/child.js')
    const child = fork(file, [String(intervalMs), ...(isPath(adapter) ? [resolvePath(adapter)] : [])], {
      execArgv: fromSource ? ['--import', 'tsx'] : [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const readings: TimedReading[] = []
    child.on('error', reject)
    child.on('exit', (code) =>
      reject(new Error(`the process that watches the machine ended with exit code ${code}`)),
    )
    child.on('message', (reply: MonitorReply) => {
      if ('reading' in reply) readings.push(reply.reading)
      else resolve(background(reply.started))
    })
    const background = ({
      units,
      unavailable,
    }: Pick<MonitorSeries, 'units' | 'unavailable'>): Background => ({
      watch: (pid) => void (child.connected && child.send({ watch: pid ?? null } satisfies MonitorRequest)),
      since(startMs) {
        const inTime = readings.filter(({ atMs }) => atMs >= startMs)
        return {
          intervalMs,
          units,
          unavailable,
          atMs: inTime.map(({ atMs }) => atMs - startMs),
          values: Object.fromEntries(
            Object.keys(units).map((column) => [column, inTime.map(({ values }) => values[column] ?? null)]),
          ),
        }
      },
      stop() {
        if (child.connected) child.disconnect()
      },
    })
  })
}

const isPath = (adapter: string | undefined): adapter is string =>
  adapter !== undefined && /[./\\]/.test(adapter)
