import type { Monitor, Watch } from './monitor.ts'

/** One reading of all monitors, at a time of this machine's clock. */
export interface TimedReading {
  readonly atMs: number
  readonly values: Readonly<Record<string, number | null>>
}

/** Monitors that run, and those that cannot. */
export interface Started {
  readonly units: Readonly<Record<string, string>>
  readonly unavailable: Readonly<Record<string, string>>
  read(): Promise<TimedReading>
  stop(): void
}

/** Starts monitors. One that throws is one that is not available. */
export async function startMonitors(
  pid: () => number | undefined,
  list: readonly Monitor[],
): Promise<Started> {
  const units: Record<string, string> = {}
  const unavailable: Record<string, string> = {}
  const running: Watch[] = []
  for (const monitor of list) {
    const watch = await started(monitor, pid)
    if (typeof watch === 'string') {
      unavailable[monitor.name] = watch
      continue
    }
    Object.assign(units, monitor.columns)
    running.push(watch)
  }
  return {
    units,
    unavailable,
    async read() {
      const values: Record<string, number | null> = {}
      for (const watch of running) Object.assign(values, await watch.read())
      return { atMs: Date.now(), values }
    },
    stop() {
      for (const watch of running) watch.stop?.()
    },
  }
}

async function started(monitor: Monitor, pid: () => number | undefined): Promise<Watch | string> {
  try {
    return await monitor.start({ pid })
  } catch (error) {
    return (error as Error).message
  }
}
