// The process that watches the machine: sends a reading at every interval until its parent ends.
import type { MonitorReply, MonitorRequest } from './background.ts'
import { startMonitors } from './watch.ts'

let pid: number | undefined
const send = (reply: MonitorReply) => void (process.connected && process.send?.(reply))

process.on('message', ({ watch }: MonitorRequest) => {
  pid = watch ?? undefined
})
const { read, stop, ...started } = await startMonitors(() => pid)
send({ started })
const timer = setInterval(async () => send({ reading: await read() }), Number(process.argv[2]))
process.once('disconnect', () => {
  clearInterval(timer)
  stop()
})
