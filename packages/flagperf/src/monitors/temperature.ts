import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Monitor } from './monitor.ts'

const THERMAL = '/sys/class/thermal'

/** The hottest of the zones that the kernel reads. */
export function temperatureMonitor(root = THERMAL): Monitor {
  return {
    name: 'temperature',
    columns: { 'temperature.hottest': '°C' },
    start() {
      const files = zones(root)
      const read = () =>
        files.flatMap((file) => {
          const degrees = millidegrees(file)
          return degrees === undefined ? [] : [degrees / 1000]
        })
      if (read().length === 0) return `no zone in ${root} has a temperature`
      return {
        read: () => {
          const degrees = read()
          return { 'temperature.hottest': degrees.length === 0 ? null : Math.max(...degrees) }
        },
      }
    },
  }
}

function zones(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => name.startsWith('thermal_zone'))
      .map((name) => join(root, name, 'temp'))
  } catch {
    return []
  }
}

/** Drivers refuse while a device sleeps. */
function millidegrees(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
