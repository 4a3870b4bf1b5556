import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { z } from 'zod'
import { VERSION } from '../version.ts'

/** What a number depends on besides the model: two results with the same fingerprint come from equal machines. */
export const environmentSchema = z.object({
  /** SHA-256 of all other fields, the first 16 hexadecimal digits. */
  fingerprint: z.string(),
  flagperf: z.string(),
  node: z.string(),
  onnxruntime: z.string(),
  platform: z.string(),
  architecture: z.string(),
  kernel: z.string(),
  processor: z.string(),
  cores: z.number(),
  /** Logical cores that this process may use. */
  availableCores: z.number(),
  memoryBytes: z.number(),
})
export type Environment = z.infer<typeof environmentSchema>

export function fingerprintOf(environment: Omit<Environment, 'fingerprint'>): string {
  const sorted = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}

/** This machine and the versions of what runs on it. */
export function environment(): Environment {
  const known = {
    flagperf: VERSION,
    node: process.versions.node,
    onnxruntime: createRequire(import.meta.url)('onnxruntime-node/package.json').version as string,
    platform: process.platform,
    architecture: process.arch,
    kernel: release(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    availableCores: availableParallelism(),
    memoryBytes: totalmem(),
  }
  return { fingerprint: fingerprintOf(known), ...known }
}

/** What disturbed a case while it ran. `null`: this system does not tell. */
export const noiseSchema = z.object({
  /** How often the system took the processor away from the process. */
  involuntaryContextSwitches: z.number(),
  /** Share of the time of all processors that the hypervisor gave to others. */
  stealShare: z.number().nullable(),
  /** Processes that wanted to run, on average over the last minute. */
  loadAverage: z.number().nullable(),
  /** Largest memory of the process, in bytes. */
  maxMemoryBytes: z.number(),
  /** How late the event loop of the driver was, in milliseconds, half of the time and at the 99th percentile. */
  loopDelayMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }).optional(),
  /** Collections of garbage in the thread of the driver, and the time that they took together. */
  garbage: z.object({ collections: z.number(), milliseconds: z.number() }).optional(),
})
export type Noise = z.infer<typeof noiseSchema>

/** How often the event loop is asked whether it is late. */
const LOOP_RESOLUTION_MS = 10

/** Starts to watch; the function that comes back says what was seen. */
export function watchNoise(): () => Noise {
  const before = process.resourceUsage()
  const ticks = processorTicks()
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  delay.enable()
  const garbage = { collections: 0, milliseconds: 0 }
  const collect = (entries: readonly PerformanceEntry[]) => {
    for (const { duration } of entries) {
      garbage.collections++
      garbage.milliseconds += duration
    }
  }
  const observer = new PerformanceObserver((list) => collect(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return () => {
    delay.disable()
    collect(observer.takeRecords())
    observer.disconnect()
    // The histogram holds whole intervals: what is beyond the resolution is the delay.
    const late = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS) : 0)
    const after = process.resourceUsage()
    const now = processorTicks()
    const passed = ticks && now ? now.total - ticks.total : 0
    return {
      involuntaryContextSwitches: after.involuntaryContextSwitches - before.involuntaryContextSwitches,
      stealShare: ticks && now && passed > 0 ? (now.steal - ticks.steal) / passed : null,
      loadAverage: process.platform === 'win32' ? null : loadavg()[0],
      maxMemoryBytes: after.maxRSS * 1024,
      loopDelayMs: { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) },
      garbage,
    }
  }
}

/** Linux: clock ticks of all processors since the start, and those that were stolen. */
function processorTicks(): { total: number; steal: number } | undefined {
  if (process.platform !== 'linux') return undefined
  const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
  // user nice system idle iowait irq softirq steal; guest times, which follow, are in user and nice already.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { total: ticks.reduce((a, b) => a + b, 0), steal: ticks[7] ?? 0 }
}
