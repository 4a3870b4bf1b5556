import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Monitor, Watch } from './monitor.ts'

const POWERCAP = '/sys/class/powercap'

interface Domain {
  readonly folder: string
  /** Where the counter starts again at 0, in microjoules. */
  readonly range: number
}

/** The processor packages whose energy the kernel counts, or why there are none. */
function packages(root: string): Domain[] | string {
  let names: string[]
  try {
    names = readdirSync(root).filter((name) => /^intel-rapl:\d+$/.test(name))
  } catch {
    return `${root} is not there: the kernel counts no energy (usual in virtual machines and containers)`
  }
  if (names.length === 0) return `${root} has no package domain`
  try {
    return names.map((name) => {
      const folder = join(root, name)
      // Tried here, so that a refusal is told once and not at every reading.
      readFileSync(join(folder, 'energy_uj'), 'utf8')
      return { folder, range: Number(readFileSync(join(folder, 'max_energy_range_uj'), 'utf8')) }
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'EACCES' ? `${root} may be read by root only` : message
  }
}

/** Energy between two states of a counter that starts again at 0 after `range`. */
export const counted = (before: number, after: number, range: number): number =>
  after >= before ? after - before : after + range - before

/**
 * Power of all processor packages, from the kernel's energy counters (RAPL). The counters wrap after minutes, so they have to
 * be read more often than that.
 */
export function powerMonitor(root = POWERCAP): Monitor {
  return {
    name: 'power',
    columns: { 'power.processor': 'W' },
    start(): Watch | string {
      const found = packages(root)
      if (typeof found === 'string') return found
      const read = () => found.map(({ folder }) => Number(readFileSync(join(folder, 'energy_uj'), 'utf8')))
      let before = read()
      let then = process.hrtime.bigint()
      return {
        read() {
          const now = process.hrtime.bigint()
          const counters = read()
          const microjoules = counters.reduce(
            (sum, counter, i) => sum + counted(before[i], counter, found[i].range),
            0,
          )
          const seconds = Number(now - then) / 1e9
          before = counters
          then = now
          return { 'power.processor': seconds > 0 ? microjoules / 1e6 / seconds : null }
        },
      }
    },
  }
}
