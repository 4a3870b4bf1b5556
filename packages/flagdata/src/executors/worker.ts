import { parentPort, workerData } from 'node:worker_threads'
import { openPhases } from './work.ts'
import type { FromWorker, ToWorker, WorkerData } from './workers.ts'

const phases = openPhases((workerData as WorkerData).output)
const send = (message: FromWorker) => parentPort?.postMessage(message)

parentPort?.on('message', async ({ phase, item }: ToWorker) => {
  try {
    const it = (await phases).get(phase)
    if (it === undefined) throw new Error(`no phase "${phase}"`)
    send({
      kind: 'done',
      result: await it.run(item, (progress) => send({ kind: 'progress', progress })),
    })
  } catch (error) {
    const { name, message, stack, hint } = error as Error & { hint?: string }
    send({ kind: 'failed', error: { name, message, stack, hint } })
  }
})
