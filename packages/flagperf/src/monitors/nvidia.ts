import { spawn } from 'node:child_process'
import type { Monitor, Reading } from './monitor.ts'

/** What is asked of nvidia-smi, as it calls it, and the column and the factor to its unit. */
const fields = [
  ['utilization.gpu', 'gpu.busy', 0.01],
  ['memory.used', 'gpu.memory', 2 ** 20],
  ['power.draw.instant', 'gpu.power', 1],
  ['temperature.gpu', 'gpu.temperature', 1],
  ['clocks.sm', 'gpu.clock', 1],
] as const

const INTERVAL_MS = 100
/** Time for the first line; a driver that was not loaded takes a second. */
const PATIENCE_MS = 10_000

/** One line of nvidia-smi's CSV as a reading. What a card does not tell (`[N/A]`) is `null`, not 0. */
export function parseLine(line: string): Reading {
  const cells = line.split(',').map((cell) => Number.parseFloat(cell.trim()))
  return Object.fromEntries(
    fields.map(([, column, factor], i) => [column, Number.isFinite(cells[i]) ? cells[i] * factor : null]),
  )
}

/** The first NVIDIA GPU, as its driver's tool tells. Its power is a window average of about 100 ms on recent cards. */
export function nvidiaMonitor(command = 'nvidia-smi'): Monitor {
  return {
    name: 'nvidia',
    columns: {
      'gpu.busy': 'share',
      'gpu.memory': 'B',
      'gpu.power': 'W',
      'gpu.temperature': '°C',
      'gpu.clock': 'MHz',
    },
    start: () =>
      new Promise((resolve) => {
        const query = fields.map(([field]) => field).join(',')
        const child = spawn(
          command,
          ['--id=0', `--query-gpu=${query}`, '--format=csv,noheader,nounits', `--loop-ms=${INTERVAL_MS}`],
          { stdio: ['ignore', 'pipe', 'ignore'] },
        )
        let last: Reading | undefined
        let rest = ''
        const patience = setTimeout(() => {
          child.kill()
          resolve(`${command} said nothing within ${PATIENCE_MS / 1000} s`)
        }, PATIENCE_MS)
        const fail = (reason: string) => {
          clearTimeout(patience)
          resolve(reason)
        }
        child.on('error', (error) => fail(`${command}: ${error.message}`))
        child.on('exit', (code) =>
          fail(`${command} ended with exit code ${code}: ${rest.trim().split('\n')[0]}`),
        )
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          rest += text
          const lines = rest.split('\n')
          rest = lines.pop() ?? ''
          const line = lines.at(-1)
          if (line === undefined) return
          // An error is a line without a comma: it stays in `rest` for the reason.
          if (!line.includes(',')) {
            rest = line
            return
          }
          last = parseLine(line)
          clearTimeout(patience)
          resolve({ read: () => last as Reading, stop: () => void child.kill() })
        })
      }),
  }
}
