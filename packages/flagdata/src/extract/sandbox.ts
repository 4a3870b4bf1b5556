import type { Worker } from 'node:worker_threads'
import { moduleWorker } from '@flag/core-tensor'
import { DataError } from '../errors.ts'
import type { Removal } from '../pipeline/step.ts'
import type { Extracted, Options, Source } from './extractor.ts'

/** A document to extract from, as the thread receives it. */
export interface Job {
  /** The name of the step, a key of `extractors`. */
  extractor: string
  source: Source
  options: Options
}

export type FromExtraction =
  | { kind: 'started' }
  | { kind: 'done'; extracted: Extracted | Removal }
  | { kind: 'failed'; message: string }

/** What became of a document: its text, or that it took too long, or what was wrong with it. */
export type Extraction =
  | { kind: 'done'; extracted: Extracted | Removal }
  | { kind: 'timeout' }
  | { kind: 'failed'; message: string }

export interface Limits {
  /** Milliseconds that one document may take. */
  timeoutMs: number
  /** MiB of JavaScript objects that one document may need. */
  memoryMb: number
}

/** What the thread may take to load its modules; more than this is no document's fault. */
const START_MS = 120_000

/** Starts the thread that extracts; tests start another one that speaks the same way. */
export type StartWorker = (memoryMb: number) => Worker

const startExtraction: StartWorker = (memoryMb) =>
  moduleWorker('extractWorker', import.meta.url, {
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64 },
    // Libraries warn about what they find in files; the pipeline reports it.
    stdout: true,
    stderr: true,
  })

/**
 * A thread in which documents are extracted one after the other. One that takes too long or too much memory ends with
 * its thread; the next document gets a new thread.
 */
export class Sandbox {
  readonly #limits: Limits
  readonly #start: StartWorker
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(limits: Limits, start: StartWorker = startExtraction) {
    this.#limits = limits
    this.#start = start
  }

  /**
   * Extracts from a document, after those before it. Never rejects because of what the document holds.
   *
   * @throws DataError `runtime` if the thread cannot be started
   */
  extract(job: Job): Promise<Extraction> {
    const next = this.#last.then(() => this.#run(job))
    this.#last = next.catch(() => {})
    return next
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #run(job: Job): Promise<Extraction> {
    const { timeoutMs, memoryMb } = this.#limits
    this.#worker ??= this.#start(memoryMb)
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      let timer = setTimeout(() => {
        void this.close()
        finish(() => reject(new DataError('runtime', 'the thread for extraction did not start')))
      }, START_MS)
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        // A thread that waits keeps no process alive.
        worker.unref()
        settle()
      }
      const onMessage = (message: FromExtraction) => {
        if (message.kind !== 'started') return finish(() => resolve(message))
        clearTimeout(timer)
        timer = setTimeout(() => {
          void this.close()
          finish(() => resolve({ kind: 'timeout' }))
        }, timeoutMs)
      }
      const gone = (message: string) => {
        this.#worker = undefined
        finish(() => resolve({ kind: 'failed', message }))
      }
      const onError = (error: Error & { code?: string }) => {
        // Node has no listener left when the thread reports its end a second time.
        worker.on('error', () => {})
        gone(
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? `needs more than ${memoryMb} MiB of memory (memoryMb)`
            : error.message,
        )
      }
      const onExit = (code: number) => gone(`the thread for extraction ended with code ${code}`)
      worker.ref()
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(job)
    })
  }
}

const sandboxes = new Map<string, Sandbox>()

/** The sandbox of this thread with such limits; steps share it. */
export function sandboxWith(limits: Limits): Sandbox {
  const key = `${limits.timeoutMs} ${limits.memoryMb}`
  const sandbox = sandboxes.get(key) ?? new Sandbox(limits)
  sandboxes.set(key, sandbox)
  return sandbox
}
