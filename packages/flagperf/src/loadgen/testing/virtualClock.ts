import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { SystemUnderTest } from '../driver.ts'

/** Time that stands still while there is something to do and jumps to the next sleeper when there is not. */
export class VirtualClock implements Clock {
  #now = 0n
  readonly #sleepers: { time: bigint; wake(): void }[] = []
  #moving = false

  now = (): bigint => this.#now

  reaches = (time: bigint) => () => this.#now >= time

  async sleepUntil(time: bigint): Promise<void> {
    if (time <= this.#now) return
    const woken = new Promise<void>((wake) => this.#sleepers.push({ time, wake }))
    if (!this.#moving) void this.#move()
    await woken
  }

  pause = (): Promise<void> => setImmediate()

  async #move(): Promise<void> {
    this.#moving = true
    while (this.#sleepers.length > 0) {
      // Whatever can run at this time runs first.
      await setImmediate()
      this.#sleepers.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
      const next = this.#sleepers.shift()
      if (!next) break
      this.#now = next.time
      next.wake()
    }
    this.#moving = false
  }
}

/**
 * A system with one worker that takes queries in order. `serviceMs` gives the time for the query that starts at the
 * given time (in milliseconds).
 */
export function waitingSystem(clock: Clock, serviceMs: (startMs: number) => number): SystemUnderTest {
  let free = 0n
  return {
    name: 'waits',
    async issueQuery(samples, complete) {
      const now = clock.now()
      const start = free > now ? free : now
      free = start + BigInt(Math.round(serviceMs(Number(start) / 1e6) * 1e6))
      await clock.sleepUntil(free)
      for (const sample of samples) complete(sample, Uint8Array.of(sample.index))
    },
  }
}
