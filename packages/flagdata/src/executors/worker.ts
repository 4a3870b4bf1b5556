import { parentPort, workerData } from 'node:worker_threads'
import { makeStep } from '../pipeline/registry.ts'
import type { Piece } from '../readers/pieces.ts'
import { processPiece } from './processPiece.ts'
import { pathsOf } from './state.ts'
import type { FromWorker, PipelineData } from './workers.ts'

const data: PipelineData = workerData
const pipeline = { ...data, steps: data.steps.map(makeStep) }
const paths = pathsOf(pipeline)
const send = (message: FromWorker) => parentPort?.postMessage(message)

parentPort?.on('message', async (piece: Piece) => {
  try {
    const statistics = await processPiece(pipeline, piece, paths, (documents, bytes) =>
      send({ kind: 'progress', documents, bytes }),
    )
    send({ kind: 'done', statistics })
  } catch (error) {
    const { name, message, stack } = error as Error
    send({ kind: 'failed', error: { name, message, stack } })
  }
})
