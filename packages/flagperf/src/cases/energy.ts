import { setTimeout as wait } from 'node:timers/promises'
import { nvidiaMonitor } from '../monitors/nvidia.ts'
import { powerMonitor } from '../monitors/power.ts'
import { startMonitors, type TimedReading } from '../monitors/watch.ts'
import type { EnergyRaw } from '../results/energy.ts'
import { openModel } from './opened.ts'
import type { EnergySpec } from './spec.ts'

const INTERVAL_MS = 100

/**
 * Reads power while nothing runs, while a model runs without a pause, and while nothing runs again. A machine without
 * meters gives a result that says so.
 */
export async function measureEnergy(spec: EnergySpec): Promise<EnergyRaw> {
  const { provider, seconds, idleSeconds } = spec
  const { session, feeds } = await openModel(spec, { isolation: 'worker' })
  const monitors = await startMonitors(() => process.pid, [powerMonitor(), nvidiaMonitor()])
  const readings: TimedReading[] = []
  let reading: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    reading = monitors.read().then((value) => readings.push(value))
  }, INTERVAL_MS)
  const begin = Date.now()
  const now = () => Date.now() - begin
  try {
    // What the first run compiles is not the work that is measured.
    await session.run(feeds)
    const phase = async (work: () => Promise<unknown>): Promise<[number, number]> => {
      const from = now()
      await work()
      return [from, now()]
    }
    const isMetered = Object.keys(monitors.units).length > 0
    // Where nothing is metered, there is nothing to wait for.
    const idle = () => phase(() => wait(isMetered ? idleSeconds * 1000 : 0))
    const idleBefore = await idle()
    let runs = 0
    const work = await phase(async () => {
      const end = now() + (isMetered ? seconds * 1000 : 0)
      do {
        await session.run(feeds)
        runs++
      } while (now() < end)
    })
    const idleAfter = await idle()
    await reading
    return {
      kind: 'energy',
      provider,
      runs,
      idleBefore,
      work,
      idleAfter,
      series: {
        intervalMs: INTERVAL_MS,
        units: monitors.units,
        unavailable: monitors.unavailable,
        atMs: readings.map(({ atMs }) => atMs - begin),
        values: Object.fromEntries(
          Object.keys(monitors.units).map((column) => [
            column,
            readings.map(({ values }) => values[column] ?? null),
          ]),
        ),
      },
    }
  } finally {
    clearInterval(timer)
    monitors.stop()
    await session.dispose()
  }
}
