import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import type { PreparedSubject } from './subject.ts'

/** Nanoseconds of a run in each of several samples, one after another. */
export interface Burst {
  readonly wallNs: number[]
  /** Time of the processor that the process used. */
  readonly cpuNs: number[]
}

/** An output as it is in memory. */
export interface OutputParts {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: ArrayLike<number | bigint | string>
}

interface Methods {
  open: { request: object; value: { openNs: number; firstRunNs: number } }
  warmUp: { request: { milliseconds: number; runs: number }; value: number[] }
  burst: { request: { uncounted: number; samples: number; runs: number }; value: Burst }
  outputs: { request: object; value: OutputParts[] }
  close: { request: object; value: undefined }
}

interface Call {
  resolve(value: unknown): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/** A subject in a process of its own, which is stopped when it does not answer in time. */
export class SubjectProcess {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #timeLimitMs: number
  readonly #calls: Call[] = []
  #ended: FlagError | undefined
  #lastWords = ''

  constructor({ description, execArgv, folder }: PreparedSubject, timeLimitMs: number) {
    this.#name = description.name
    this.#timeLimitMs = timeLimitMs
    this.#child = fork(fileURLToPath(new URL('./subjectHost.mjs', import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: [...execArgv],
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000)
    })
    this.#child.on('message', (reply: { value?: unknown; error?: string }) => {
      const call = this.#calls.shift()
      clearTimeout(call?.timer)
      if (reply.error === undefined) call?.resolve(reply.value)
      else call?.reject(new FlagError('runtime', `${this.#name}: ${reply.error}`))
    })
    this.#child.on('error', (error) => this.#end(`its process could not be started: ${error.message}`))
    this.#child.on('close', (code, signal) => {
      const words = this.#lastWords.trim().split('\n')[0]
      this.#end(
        `its process ended with ${signal ? `signal ${signal}` : `exit code ${code}`}${words ? `: ${words}` : ''}`,
      )
    })
  }

  call<M extends keyof Methods>(method: M, request: Methods[M]['request']): Promise<Methods[M]['value']> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended)
        return
      }
      const timer = setTimeout(() => {
        this.#end(`no answer within ${this.#timeLimitMs / 1000} s, so its process was stopped`, 'timeout')
        this.stop()
      }, this.#timeLimitMs)
      this.#calls.push({ resolve: resolve as Call['resolve'], reject, timer })
      this.#child.send({ method, request }, (error) => {
        if (error) this.#end(`its process did not take a call: ${error.message}`)
      })
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }

  #end(message: string, code: 'runtime' | 'timeout' = 'runtime'): void {
    this.#ended ??= new FlagError(code, `${this.#name}: ${message}`)
    for (const { reject, timer } of this.#calls.splice(0)) {
      clearTimeout(timer)
      reject(this.#ended)
    }
  }
}
