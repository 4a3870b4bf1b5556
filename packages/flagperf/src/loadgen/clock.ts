import { setImmediate, setTimeout } from 'node:timers/promises'

/** Where the driver takes its time from; tests have one that only moves when nothing is left to do. */
export interface Clock {
  /** Nanoseconds, never going back. */
  now(): bigint
  /** A question whether this time has come, to be asked in a loop. */
  reaches(time: bigint): () => boolean
  /** Resolves at this time or later; other work goes on meanwhile. */
  sleepUntil(time: bigint): Promise<void>
  /** Lets what has arrived be handled before going on. */
  pause(): Promise<void>
}

/** Timers fire up to this much late, so the rest of a wait is spent asking the clock. */
const TIMER_ERROR_MS = 1.5

/** The time of the machine. The end of each wait polls, so that queries start within microseconds of their schedule. */
export const monotonicClock: Clock = {
  now: () => process.hrtime.bigint(),
  reaches(time) {
    const [second, nanosecond] = [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)]
    // Asked millions of times a second: a `bigint` each would keep the garbage collector busy, and its threads too.
    return () => {
      const [seconds, nanoseconds] = process.hrtime()
      return seconds > second || (seconds === second && nanoseconds >= nanosecond)
    }
  },
  async sleepUntil(time) {
    for (;;) {
      const left = Number(time - process.hrtime.bigint()) / 1e6
      if (left <= 0) return
      if (left > TIMER_ERROR_MS) await setTimeout(Math.floor(left - TIMER_ERROR_MS) || 1)
      else await setImmediate()
    }
  },
  pause: () => setImmediate(),
}
