import { Worker } from 'node:worker_threads'
import { FlagError } from '@flag/core-tensor'
import type { Complete, QuerySample, SystemUnderTest } from './driver.ts'

export interface WorkerSystemOptions {
  readonly name: string
  /**
   * URL of a JavaScript module. Its default export is called once in each thread with `data` and gives, perhaps later,
   * the function that answers a sample, given its index; `close` of that function is called at the end.
   */
  readonly module: string
  readonly data?: unknown
  /** Threads that answer. Default: 1. */
  readonly workers?: number
  /**
   * Whether the threads and the driver ask the shared memory again and again instead of sleeping until they are woken,
   * which takes tens of microseconds. It costs a core each. Default: false.
   */
  readonly spin?: boolean
}

/** A system in threads of its own. */
export interface WorkerSystem extends SystemUnderTest {
  close(): Promise<void>
}

/** Places in the shared memory; workerHost.mjs has the same. */
const [ISSUED, STOP, HEAD] = [0, 2, 3]
/** Samples that may wait for an answer. */
const CAPACITY = 2 ** 16

/**
 * A system under test whose threads take samples from shared memory: no message is sent, so that little is added to
 * the latency. Answers have no data. Throws `runtime` when a thread cannot be set up.
 */
export async function workerSystem(options: WorkerSystemOptions): Promise<WorkerSystem> {
  const { name, module, data, workers = 1, spin = false } = options
  const shared = new SharedArrayBuffer(4 * (HEAD + 2 * CAPACITY))
  const memory = new Int32Array(shared)
  const open: { number: number; done(): void }[] = []
  let failure: FlagError | undefined
  const fail = (message: string) => {
    failure ??= new FlagError('runtime', `${name}: ${message}`)
    for (const each of failing) each(failure)
  }
  const failing = new Set<(error: FlagError) => void>()

  /** Completes what has been done since it was last asked. */
  const poll = () => {
    for (let i = 0; i < open.length; ) {
      const { number, done } = open[i]
      if (Atomics.load(memory, HEAD + CAPACITY + (number % CAPACITY)) !== number + 1) i++
      else {
        open.splice(i, 1)
        done()
      }
    }
    if (failure) throw failure
  }

  const threads = Array.from({ length: workers }, () => {
    const workerData = { shared, capacity: CAPACITY, module, data, spin }
    return new Worker(new URL('./workerHost.mjs', import.meta.url), { workerData, execArgv: [] })
  })
  const ends = threads.map((thread) => new Promise<void>((ended) => thread.once('exit', () => ended())))
  const close = async () => {
    Atomics.store(memory, STOP, 1)
    Atomics.notify(memory, ISSUED)
    await Promise.all(ends)
  }
  const ready = threads.map(
    (thread) =>
      new Promise<void>((resolve, reject) => {
        thread.on('message', (message: { ready?: true; done?: true; error?: string }) => {
          if (message.ready) resolve()
          else if (message.done) poll()
          else fail(message.error as string)
          if (failure) reject(failure)
        })
        thread.on('error', (error) => {
          fail(error.message)
          reject(failure)
        })
      }),
  )
  try {
    await Promise.all(ready)
  } catch (error) {
    await close()
    throw error
  }

  let issued = 0
  return {
    name,
    poll: spin ? poll : undefined,
    close,
    issueQuery(samples: readonly QuerySample[], complete: Complete) {
      return new Promise<void>((resolve, reject) => {
        if (failure || open.length + samples.length > CAPACITY) {
          reject(
            failure ?? new FlagError('runtime', `${name}: more than ${CAPACITY} samples wait for an answer`),
          )
          return
        }
        failing.add(reject)
        let left = samples.length
        for (const sample of samples) {
          const number = issued++
          memory[HEAD + (number % CAPACITY)] = sample.index
          const done = () => {
            complete(sample)
            if (--left > 0) return
            failing.delete(reject)
            resolve()
          }
          open.push({ number, done })
        }
        Atomics.store(memory, ISSUED, issued)
        if (!spin) Atomics.notify(memory, ISSUED)
      })
    },
  }
}
