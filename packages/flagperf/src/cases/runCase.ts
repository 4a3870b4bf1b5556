import { type ChildProcess, fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../files.ts'
import type { Background } from '../monitors/background.ts'
import { derive } from '../results/derive.ts'
import type { CaseRow, Status } from '../results/schema.ts'
import type { BatchSpec, CaseReply, CaseSpec, Outcome } from './spec.ts'

export interface CaseLimits {
  /** Milliseconds after which a case is stopped. */
  readonly timeLimitMs: number
  /** Bytes of memory beyond which a case is stopped. */
  readonly memoryLimitBytes: number
  /** Watches the machine while the case runs. */
  readonly monitors?: Background
}

type Ending = Pick<CaseRow, 'status' | 'message' | 'noise' | 'raw'>

/**
 * Runs a case in a process of its own. Whatever happens there, a row comes back that says so: a crash, a case that does
 * not end, and one that takes too much memory are results like others.
 */
export async function runCase(name: string, spec: CaseSpec, limits: CaseLimits): Promise<CaseRow> {
  const { kind: _, ...options } = spec
  const started = Date.now()
  const ending = await endingOf(spec, limits)
  limits.monitors?.watch(undefined)
  return {
    name,
    options: { ...options },
    ...ending,
    ...(limits.monitors ? { monitor: limits.monitors.since(started) } : {}),
    ...(ending.raw ? { derived: derive(ending.raw) } : {}),
  }
}

/**
 * Runs cases one after the other in one process. Where it ends before all are done, what is left has that as its failure.
 */
export async function runSpecs(specs: readonly CaseSpec[], limits: CaseLimits): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const { message = 'it was not run' } = await endingOf({ kind: 'batch', specs }, limits, (outcome) =>
    outcomes.push(outcome),
  )
  return specs.map((_, i) => outcomes[i] ?? { failure: message })
}

function endingOf(
  spec: CaseSpec | BatchSpec,
  { timeLimitMs, memoryLimitBytes, monitors }: CaseLimits,
  onOutcome?: (outcome: Outcome) => void,
): Promise<Ending> {
  return new Promise((resolve) => {
    const child = startChild()
    monitors?.watch(child.pid)
    let ending: Ending | undefined
    let lastWords = ''
    const settle = (known: Ending) => {
      clearTimeout(timer)
      child.stderr?.destroy()
      resolve(known)
    }
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null
    const stop = (status: Status, message: string) => {
      if (hasEnded()) return settle(ending ?? crashEnding(child.exitCode, child.signalCode, lastWords))
      ending ??= { status, message }
      child.kill('SIGKILL')
    }
    const timer = setTimeout(
      () => stop('timed-out', `it did not end within ${timeLimitMs / 1000} s, so its process was stopped`),
      timeLimitMs,
    )
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4000)
    })
    child.on('message', (reply: CaseReply) => {
      if (reply.type === 'result') ending ??= { status: 'ok', noise: reply.noise, raw: reply.raw }
      else if (reply.type === 'outcome') onOutcome?.(reply.outcome)
      else if (reply.type === 'done') ending ??= { status: 'ok' }
      else if (reply.type === 'error') ending ??= errorEnding(reply.message)
      else if (reply.bytes > memoryLimitBytes)
        stop(
          'out-of-memory',
          `it took ${megabytes(reply.bytes)}, more than the limit of ${megabytes(memoryLimitBytes)}`,
        )
    })
    child.on('error', (error) => {
      settle(ending ?? { status: 'failed', message: `its process could not be started: ${error.message}` })
    })
    // Its stderr closes later, or never if a process that it started holds it: only a crash's last words are worth the wait.
    child.on('exit', () => ending && settle(ending))
    child.on('close', (code, signal) => settle(ending ?? crashEnding(code, signal, lastWords)))
    child.send(spec, (error) => {
      if (error) stop('failed', `its process did not take the case: ${error.message}`)
    })
  })
}

const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`

/** What allocation failures look like: in ONNX Runtime, in C++, and in V8. */
const NO_MEMORY =
  /bad_alloc|bad allocation|heap out of memory|failed to allocate memory|Array buffer allocation failed/i

const errorEnding = (message: string): Ending => ({
  status: NO_MEMORY.test(message) ? 'out-of-memory' : 'failed',
  message,
})

function crashEnding(code: number | null, signal: string | null, lastWords: string): Ending {
  const how = signal ? `signal ${signal}` : `exit code ${code}`
  const words = lastWords.trim().split('\n')[0]
  const message = `its process ended with ${how}${words === '' ? '' : `: ${words}`}`
  return { status: NO_MEMORY.test(lastWords) ? 'out-of-memory' : 'crashed', message }
}

/** Starts the process of a case: from the package's `dist`, or, in its repository, from the sources. */
function startChild(): ChildProcess {
  const here = fileURLToPath(import.meta.url)
  const fromSource = here.endsWith('.ts')
  const file = fromSource ? join(dirname(here), 'child.ts') : join(packageRoot(), 'dist/cases/child.js')
  return fork(file, [], {
    serialization: 'advanced',
    execArgv: fromSource ? ['--import', 'tsx'] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  })
}
