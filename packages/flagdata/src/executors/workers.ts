import type { Worker } from 'node:worker_threads'
import { moduleWorker } from '@flag/core-tensor'
import { DataError } from '../errors.ts'
import type { OnProgress, Progress } from './passes.ts'

/** The output folder, where the plan of the run lies. */
export interface WorkerData {
  output: string
}

/** What a thread is asked to do. */
export interface ToWorker {
  phase: string
  item: string
}

export type FromWorker =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'done'; result: unknown }
  | { kind: 'failed'; error: { name: string; message: string; code?: string; hint?: string; stack?: string } }

/** Threads that do items of the run in an output folder; they start when they are first needed. */
export class Threads {
  readonly count: number
  readonly #output: string
  readonly #workers: Worker[] = []

  constructor(output: string, count: number) {
    this.#output = output
    this.count = count
  }

  /** Works through items, each thread taking the next when it is done with one. Rejects with the first failure. */
  async forEach(
    phase: string,
    items: readonly string[],
    finish: (item: string, result: unknown) => Promise<void>,
    onProgress: OnProgress,
  ): Promise<void> {
    while (this.#workers.length < Math.min(this.count, items.length))
      this.#workers.push(
        moduleWorker('worker', import.meta.url, {
          workerData: { output: this.#output } satisfies WorkerData,
        }),
      )
    const queue = [...items]
    let failed = false
    const turns = this.#workers.map(async (worker) => {
      while (!failed) {
        const item = queue.shift()
        if (item === undefined) return
        try {
          await finish(item, await ask(worker, { phase, item }, onProgress))
        } catch (error) {
          failed = true
          throw error
        }
      }
    })
    const results = await Promise.allSettled(turns)
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

const ask = (worker: Worker, task: ToWorker, onProgress: OnProgress) =>
  new Promise<unknown>((resolve, reject) => {
    const fail = (error: { message: string; hint?: string }) => {
      stop()
      reject(toError(task, error))
    }
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'progress') return onProgress(message.progress)
      if (message.kind === 'failed') return fail(message.error)
      stop()
      resolve(message.result)
    }
    const onExit = (code: number) => fail({ message: `the worker stopped with code ${code}` })
    const stop = () => worker.off('message', onMessage).off('error', fail).off('exit', onExit)
    worker.on('message', onMessage).on('error', fail).on('exit', onExit)
    worker.postMessage(task)
  })

const toError = ({ phase, item }: ToWorker, error: { message: string; hint?: string }) =>
  new DataError('runtime', `${phase}, item ${item}: ${error.message}`, {
    hint: error.hint ?? 'run again to go on with what is missing',
    cause: error,
  })
