import { parentPort, workerData } from 'node:worker_threads'
import { FlagError } from '@flag/core-tensor'
import type { FromWorker, ProcessorData, ToWorker } from './pool.ts'
import { preparation } from './prepare.ts'

const { config, options }: ProcessorData = workerData
const prepare = preparation(config, options)

parentPort?.on('message', async ({ id, image }: ToWorker) => {
  try {
    const { shape, data } = await prepare(image)
    parentPort?.postMessage({ id, shape, data } satisfies FromWorker, [data.buffer as ArrayBuffer])
  } catch (error) {
    const { message, code, hint } =
      error instanceof FlagError ? error : new FlagError('runtime', (error as Error).message)
    parentPort?.postMessage({ id, error: { message, code, hint } } satisfies FromWorker)
  }
})
