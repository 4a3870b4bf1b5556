import { HubError } from './faults.ts'
import type { Host } from './host.ts'

/** Failures in a row after which a request is given up. */
const TRIES = 5
const FIRST_WAIT = 1000
const LONGEST_WAIT = 8000
/** Nobody wants a program that sits for longer without a word. */
const LONGEST_RETRY_AFTER = 300

/** Waits between tries: 1, 2, 4, 8 s and so on with a tenth of jitter, or what the hub asks for. */
export interface Backoff {
  /** Waits before the next try; throws the error when there should be none. */
  wait(error: unknown): Promise<void>
  /** Something was received: failures count from the start again. */
  progressed(): void
}

export function backoff(host: Host, signal: AbortSignal | undefined, tries = TRIES): Backoff {
  let failures = 0
  return {
    async wait(error) {
      signal?.throwIfAborted()
      if (!(error instanceof HubError) || !error.transient) throw error
      failures += 1
      if (failures >= tries || (error.retryAfter ?? 0) > LONGEST_RETRY_AFTER) throw error
      const wait = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT) * (1 + host.random() / 10)
      // A second more than asked for, since the hub's seconds are rounded.
      await host.sleep(error.retryAfter === undefined ? wait : (error.retryAfter + 1) * 1000, signal)
    },
    progressed() {
      failures = 0
    },
  }
}
