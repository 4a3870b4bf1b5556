import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { FlagError } from '../errors.ts'
import { oneNodeModel } from './oneNodeModel.ts'
import type { Call, Method, Reply, ReplyOf, RequestOf } from './protocol.ts'
import { createSessionCore } from './session-core.mjs'

/** Where a session runs: this thread, a thread of its own, or a process of its own. */
export type Isolation = 'inline' | 'worker' | 'process'

/** A session core, wherever it lives. */
export interface Host {
  call<M extends Method>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>>
  dispose(): Promise<void>
}

export interface HostOptions {
  /** Milliseconds per call; needs a process, which alone can be stopped during a run. */
  timeLimit?: number
  /** Of a process. Default: `inherit`. */
  stderr?: 'inherit' | 'ignore'
  /** Stops a process at once. */
  signal?: AbortSignal
  /** Calls of a process that are under way keep the program alive. Default: true. */
  awaited?: boolean
}

/** Starts a host. */
export function startHost(isolation: Isolation, options: HostOptions = {}): Host {
  const { timeLimit } = options
  if (timeLimit !== undefined && isolation !== 'process') {
    throw new FlagError('invalid-argument', `a time limit needs isolation 'process', not '${isolation}'`)
  }
  // Read by the native library through getenv, so it has to be set here, not in a worker's copy of the environment.
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  if (isolation === 'inline') return inlineHost()
  return isolation === 'worker' ? workerHost() : processHost(options)
}

function inlineHost(): Host {
  const core = createSessionCore()
  return {
    async call(method, request) {
      try {
        return (await core[method](request as never)) as never
      } catch (error) {
        throw failed(error instanceof Error ? error.message : String(error))
      }
    },
    dispose: () => core.close({}),
  }
}

/** Threads with the runtime loaded that wait for a session. */
const spares: Host[] = []

/**
 * Starts threads for sessions that will soon be opened, so that each has the runtime loaded when its model is there.
 * At most `count` wait at a time; those that are never asked for keep no program alive.
 */
export function prepareThreads(count: number): void {
  while (spares.length < count) {
    const host = startHost('worker')
    spares.push(host)
    // The first session of a process makes the runtime's environment. Whatever is wrong, the next one says.
    host.call('open', { model: oneNodeModel(), options: { intraOpNumThreads: 1 } }).catch(() => {})
  }
}

/** A thread for a session: one that waits, or a new one. */
export const takeThread = (): Host => spares.shift() ?? startHost('worker')

const hostFile = () => new URL('./session-host.mjs', import.meta.url)

function workerHost(): Host {
  const worker = new Worker(hostFile(), { execArgv: [] })
  const pending = new Pending(
    (call) => worker.postMessage(call),
    (busy) => (busy ? worker.ref() : worker.unref()),
  )
  worker.on('message', (reply: Reply) => pending.settle(reply))
  worker.on('error', (error) => pending.fail(`the session's thread failed: ${error.message}`))
  worker.on('exit', (code) => pending.fail(`the session's thread ended (exit code ${code})`))
  worker.unref()
  return {
    call: (method, request) => pending.call(method, request),
    async dispose() {
      // A thread that is stopped during a run takes the whole process down on Node 20: let it finish first.
      await pending.call('close', {}).catch(() => undefined)
      await worker.terminate()
    },
  }
}

function processHost({ timeLimit, stderr = 'inherit', signal, awaited = true }: HostOptions): Host {
  const child: ChildProcess = fork(fileURLToPath(hostFile()), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'inherit', stderr, 'ipc'],
    ...(signal ? { signal, killSignal: 'SIGKILL' as const } : {}),
  })
  const timers = new Map<number, NodeJS.Timeout>()
  const pending = new Pending(
    (call) => {
      child.send(call)
      if (timeLimit === undefined) return
      const stop = () => {
        pending.fail(`no answer within ${timeLimit} ms, so its process was stopped`, 'timeout')
        child.kill('SIGKILL')
      }
      timers.set(call.id, setTimeout(stop, timeLimit))
    },
    (busy) => {
      if (busy && awaited) {
        child.ref()
        child.channel?.ref()
      } else {
        child.unref()
        child.channel?.unref()
      }
    },
  )
  child.on('message', (reply: Reply) => {
    clearTimeout(timers.get(reply.id))
    timers.delete(reply.id)
    pending.settle(reply)
  })
  child.on('error', (error) => pending.fail(`the session's process failed: ${error.message}`))
  child.on('exit', (code, signal) => {
    for (const timer of timers.values()) clearTimeout(timer)
    pending.fail(`the session's process ended (${signal ? `signal ${signal}` : `exit code ${code}`})`)
  })
  child.unref()
  child.channel?.unref()
  return {
    call: (method, request) => pending.call(method, request),
    async dispose() {
      await pending.call('close', {}).catch(() => undefined)
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.ref()
        child.kill()
        await ended
      }
    },
  }
}

const failed = (message: string, code: 'runtime' | 'timeout' = 'runtime') => new FlagError(code, message)

/** Calls that wait for their reply. Keeps the program alive only while there are any. */
class Pending {
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  readonly #post: (call: Call) => void
  readonly #busy: (busy: boolean) => void
  #next = 0
  #ended: FlagError | undefined

  constructor(post: (call: Call) => void, busy: (busy: boolean) => void) {
    this.#post = post
    this.#busy = busy
  }

  call<M extends Method>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended)
        return
      }
      const id = this.#next++
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#busy(true)
      this.#post({ id, method, request })
    })
  }

  settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#busy(false)
    if ('error' in reply) waiting?.reject(failed(reply.error))
    else waiting?.resolve(reply.value)
  }

  /** Ends every call that waits, and every later one, with this message. The first reason given stays. */
  fail(message: string, code: 'runtime' | 'timeout' = 'runtime'): void {
    this.#ended ??= failed(message, code)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}
