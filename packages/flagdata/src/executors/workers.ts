import type { Worker } from 'node:worker_threads'
import { moduleWorker } from '@flag/core-tensor'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { StepSpec } from '../pipeline/registry.ts'
import type { Statistics } from '../pipeline/statistics.ts'
import type { Piece } from '../readers/pieces.ts'
import type { OnProgress } from './processPiece.ts'

/** A pipeline without functions, as a worker thread receives it. */
export interface PipelineData extends Omit<Pipeline, 'steps'> {
  steps: readonly StepSpec[]
}

export type FromWorker =
  | { kind: 'progress'; documents: number; bytes: number }
  | { kind: 'done'; statistics: Statistics }
  | { kind: 'failed'; error: { name: string; message: string; code?: string; hint?: string; stack?: string } }

interface Pool {
  /** Works through pieces, each worker taking the next when it is done with one. Rejects with the first failure. */
  forEach(
    pieces: readonly Piece[],
    work: (piece: Piece, process: () => Promise<Statistics>) => Promise<void>,
  ): Promise<void>
  stop(): Promise<void>
}

/** Starts threads that process pieces of one pipeline. */
export function startWorkers(pipeline: Pipeline, count: number, onProgress: OnProgress): Pool {
  const steps = pipeline.steps.map(({ name, options }) => ({ name, options }))
  const workers = Array.from({ length: count }, () =>
    moduleWorker('worker', import.meta.url, { workerData: { ...pipeline, steps } satisfies PipelineData }),
  )

  const process = (worker: Worker, piece: Piece) =>
    new Promise<Statistics>((resolve, reject) => {
      const onMessage = (message: FromWorker) => {
        if (message.kind === 'progress') return onProgress(message.documents, message.bytes)
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        if (message.kind === 'done') resolve(message.statistics)
        else reject(toError(piece, message.error))
      }
      const onError = (error: Error) => reject(toError(piece, error))
      const onExit = (code: number) =>
        reject(toError(piece, { message: `the worker stopped with code ${code}` }))
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(piece)
    })

  return {
    async forEach(pieces, work) {
      const queue = [...pieces]
      let failed = false
      const turns = workers.map(async (worker) => {
        while (!failed) {
          const piece = queue.shift()
          if (piece === undefined) return
          try {
            await work(piece, () => process(worker, piece))
          } catch (error) {
            failed = true
            throw error
          }
        }
      })
      const results = await Promise.allSettled(turns)
      const failure = results.find((result) => result.status === 'rejected')
      if (failure) throw failure.reason
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

const toError = (piece: Piece, error: { message: string; hint?: string }) =>
  new DataError('runtime', `${piece.file} (piece ${piece.name}): ${error.message}`, {
    hint: error.hint ?? 'run again to go on with what is missing',
    cause: error,
  })
