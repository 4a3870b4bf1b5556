import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

/** The most memory that was seen: private pages, and all resident ones, mapped files included. */
export interface Memory {
  readonly privateBytes: number
  readonly residentBytes: number
}

/** A program that answers JSON lines, and what it cost so far. */
export interface Child {
  /** Seconds from the start of the process to its first answer. */
  readonly opened: number
  readonly first: Record<string, unknown>
  ask(request: object): Promise<Record<string, number>>
  /** Ends it. */
  end(): Promise<Memory>
}

const SAMPLING_MS = 10

/** Starts a program and waits for its first answer, watching its memory all the while (Linux only). */
export async function startChild(command: string, args: readonly string[]): Promise<Child> {
  const start = process.hrtime.bigint()
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const peak = { privateBytes: 0, residentBytes: 0 }
  const watch = setInterval(async () => {
    const { anonymous, resident } = await memoryOf(child)
    peak.privateBytes = Math.max(peak.privateBytes, anonymous)
    peak.residentBytes = Math.max(peak.residentBytes, resident)
  }, SAMPLING_MS)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ${args.join(' ')} ended before it answered`)
    return JSON.parse(value)
  }
  const first = await next()
  const opened = Number(process.hrtime.bigint() - start) / 1e9
  return {
    opened,
    first,
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await ended
      clearInterval(watch)
      return peak
    },
  }
}

async function memoryOf({ pid }: ChildProcess): Promise<{ anonymous: number; resident: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0)
  return { anonymous: kilobytes('RssAnon') * 1024, resident: kilobytes('VmHWM') * 1024 }
}
