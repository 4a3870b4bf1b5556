import type { Session } from './session.ts'

export interface Upgrade {
  /** Opens a session of the same model that runs faster. May take long; ends early when `signal` is aborted. */
  open(signal: AbortSignal): Promise<Session>
  /** Told why it could not be opened; the first session stays. */
  onFailure(error: Error): void
  /** How long the first session runs, in milliseconds, all runs together, before another is worth its cost. */
  after?: number
}

/** About what it costs to open a packed model: who runs for less pays nothing, who runs for longer at most double. */
const WORTH_MS = 1000

/**
 * A session that answers at once, and is replaced by a faster one, opened behind its back, when it has run for a
 * while. Runs that have begun end where they began. A session that carries a state stays.
 */
export function upgradedSession(first: Session, upgrade: Upgrade): Session {
  const abort = new AbortController()
  let current = first
  let opening: Promise<void> | undefined
  let carries = false
  let spent = 0
  const underWay = new Set<Promise<unknown>>()

  const open = async () => {
    try {
      const better = await upgrade.open(abort.signal)
      const left = carries || abort.signal.aborted ? better : current
      if (left === current) current = better
      await Promise.allSettled(underWay)
      await left.dispose()
    } catch (error) {
      if (!abort.signal.aborted) upgrade.onFailure(error as Error)
    }
  }

  return {
    ...first,
    async run(feeds, fetches) {
      const start = performance.now()
      const running = current.run(feeds, fetches)
      underWay.add(running)
      try {
        return await running
      } finally {
        underWay.delete(running)
        spent += performance.now() - start
        if (spent >= (upgrade.after ?? WORTH_MS) && !carries && !abort.signal.aborted) opening ??= open()
      }
    },
    carry(state, carry) {
      carries = true
      return current.carry(state, carry)
    },
    step: (feeds) => current.step(feeds),
    state: () => current.state(),
    async dispose() {
      abort.abort()
      await opening
      await current.dispose()
    },
  }
}
