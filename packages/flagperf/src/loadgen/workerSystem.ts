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
   * Whether the threads ask the shared memory again and again instead of sleeping until they are woken, which takes tens
   * of microseconds, and a core each. The driver does so too, but in Server, where it need not hurry. Default: false.
   */
  readonly spin?: boolean
}

/** A system in threads of its own. */
export interface WorkerSystem extends SystemUnderTest {
  close(): Promise<void>
}

/** Places in the shared state; workerHost.mjs has the same. */
const [ISSUED, STOP] = [0, 2]
/** Samples that may wait for an answer. */
const CAPACITY = 2 ** 16
/** Longer than this machine's threads are usually kept waiting for a core. */
const AHEAD_NS = 20e6

/** What the driver and the threads share: a ring of samples, by their number in this system. */
const sharedMemory = () => ({
  /** How many samples were issued, how many were taken, and whether no more will come. */
  state: new Int32Array(new SharedArrayBuffer(12)),
  /** Index of a sample in the sample library. */
  indices: new Int32Array(new SharedArrayBuffer(4 * CAPACITY)),
  /** When a thread may begin with it, or 0, and when one had answered it, by `process.hrtime.bigint()`: one clock for all threads. */
  dueAt: new BigInt64Array(new SharedArrayBuffer(8 * CAPACITY)),
  doneAt: new BigInt64Array(new SharedArrayBuffer(8 * CAPACITY)),
  /** Its number plus one as soon as it is answered. */
  done: new Int32Array(new SharedArrayBuffer(4 * CAPACITY)),
})

/**
 * A system under test whose threads take samples from shared memory, begin when they are due and note there when they
 * have answered: what is measured begins and ends in the thread that answers, however late the driver is. Answers have no
 * data. Throws `runtime` when a thread cannot be set up.
 */
export async function workerSystem(options: WorkerSystemOptions): Promise<WorkerSystem> {
  const { name, module, data, workers = 1, spin = false } = options
  const memory = sharedMemory()
  const { state, indices, dueAt, doneAt, done } = memory
  const open: { number: number; complete(at: bigint): void }[] = []
  const failing = new Set<(error: FlagError) => void>()
  let failure: FlagError | undefined
  const fail = (message: string) => {
    failure ??= new FlagError('runtime', `${name}: ${message}`)
    for (const each of failing) each(failure)
  }

  /** Completes what has been done since it was last asked. */
  const poll = () => {
    for (let i = 0; i < open.length; ) {
      const { number, complete } = open[i]
      const slot = number % CAPACITY
      if (Atomics.load(done, slot) !== number + 1) i++
      else {
        open.splice(i, 1)
        complete(doneAt[slot])
      }
    }
  }

  const threads = Array.from({ length: workers }, () => {
    const workerData = { ...memory, module, data, spin }
    return new Worker(new URL('./workerHost.mjs', import.meta.url), { workerData, execArgv: [] })
  })
  let closing = false
  const ends = threads.map(
    (thread) =>
      new Promise<void>((ended) => {
        thread.once('exit', (code) => {
          if (!closing) fail(`a thread ended with code ${code}`)
          ended()
        })
      }),
  )
  const close = async () => {
    closing = true
    Atomics.store(state, STOP, 1)
    Atomics.notify(state, ISSUED)
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
        thread.on('exit', () => reject(failure))
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
    aheadNs: AHEAD_NS,
    poll: spin ? poll : undefined,
    close,
    issueQuery(samples: readonly QuerySample[], complete: Complete) {
      if (failure) return Promise.reject(failure)
      if (open.length + samples.length > CAPACITY)
        return Promise.reject(
          new FlagError('runtime', `${name}: more than ${CAPACITY} samples wait for an answer`),
        )
      const first = issued
      for (const { index, due = 0n } of samples) {
        indices[issued % CAPACITY] = index
        dueAt[issued++ % CAPACITY] = due
      }
      // The threads may begin; how they end is asked later, by this thread.
      Atomics.store(state, ISSUED, issued)
      if (!spin) Atomics.notify(state, ISSUED)
      return new Promise<void>((resolve, reject) => {
        failing.add(reject)
        let left = samples.length
        samples.forEach((sample, i) => {
          open.push({
            number: first + i,
            complete(at) {
              try {
                complete(sample, undefined, undefined, at)
              } catch (error) {
                reject(error)
              }
              if (--left > 0) return
              failing.delete(reject)
              resolve()
            },
          })
        })
      })
    },
  }
}
