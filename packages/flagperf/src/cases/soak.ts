import type { SoakRaw } from '../results/soak.ts'
import { openModel } from './opened.ts'
import type { SoakSpec } from './spec.ts'

/** Runs a model over and over, or opens, runs and closes it, and reads how much memory the process has. */
export async function measureSoak(spec: SoakSpec): Promise<SoakRaw> {
  const { provider, seconds, intervalMs, reopen } = spec
  const readings: SoakRaw['readings'] = []
  let { session, feeds } = await openModel(spec)
  let runs = 0
  const begin = process.hrtime.bigint()
  const elapsedMs = () => Number(process.hrtime.bigint() - begin) / 1e6
  try {
    for (let atMs = 0, next = 0; atMs < seconds * 1000; atMs = elapsedMs()) {
      if (reopen && runs > 0) {
        await session.dispose()
        session = (await openModel(spec)).session
      }
      await session.run(feeds)
      runs++
      if (atMs < next) continue
      next = atMs + intervalMs
      const { rss, heapUsed } = process.memoryUsage()
      readings.push({ atMs: elapsedMs(), runs, residentBytes: rss, heapBytes: heapUsed })
    }
  } finally {
    await session.dispose()
  }
  return { kind: 'soak', provider, readings }
}
