// The process that watches the machine: sends a reading at every interval until its parent ends.
import { pathToFileURL } from 'node:url'
import type { MonitorReply, MonitorRequest } from './background.ts'
import { monitors } from './index.ts'
import type { Monitor } from './monitor.ts'
import { startMonitors } from './watch.ts'

let pid: number | undefined
const send = (reply: MonitorReply) => void (process.connected && process.send?.(reply))

process.on('message', ({ watch }: MonitorRequest) => {
  pid = watch ?? undefined
})
const [, , intervalMs, adapter] = process.argv
const own: readonly Monitor[] = adapter ? (await import(pathToFileURL(adapter).href)).default.monitors : []
const others = own.filter(({ name }) => monitors.every((monitor) => monitor.name !== name))
const { read, stop, ...started } = await startMonitors(() => pid, [...monitors, ...others])
send({ started })
const timer = setInterval(async () => send({ reading: await read() }), Number(intervalMs))
process.once('disconnect', () => {
  clearInterval(timer)
  stop()
})
