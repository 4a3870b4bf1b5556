import { FlagError } from '../errors.ts'
import { createSession, type Session, type SessionOptions } from './session.ts'

export interface SessionPoolOptions extends SessionOptions {
  /**
   * How many sessions of the model there are, each with `threads` threads; calls go to the one with the fewest
   * waiting. Weights that lie in a checkpoint's file are mapped, so all share one copy. Default 1.
   */
  sessions?: number
}

/**
 * Sessions of one model that together are used as one. A state can be carried only when there is a single one.
 *
 * Throws `invalid-argument` unless `sessions` is a whole number from 1.
 */
export async function createSessionPool(
  model: Uint8Array | string,
  { sessions: count = 1, ...options }: SessionPoolOptions = {},
): Promise<Session> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new FlagError('invalid-argument', `sessions must be a whole number from 1, got ${count}`)
  }
  const opening = await Promise.allSettled(Array.from({ length: count }, () => createSession(model, options)))
  const sessions = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failure = opening.find((result) => result.status === 'rejected')
  if (failure) {
    await Promise.all(sessions.map((session) => session.dispose()))
    throw failure.reason
  }
  if (count === 1) return sessions[0]
  const waiting = sessions.map(() => 0)
  const alone = async (): Promise<never> => {
    throw new FlagError('invalid-argument', `a state can be carried by one session, not by ${count}`)
  }
  return {
    ...sessions[0],
    async run(feeds, fetches) {
      const idlest = waiting.indexOf(Math.min(...waiting))
      waiting[idlest]++
      try {
        return await sessions[idlest].run(feeds, fetches)
      } finally {
        waiting[idlest]--
      }
    },
    carry: alone,
    step: alone,
    state: alone,
    async dispose() {
      await Promise.all(sessions.map((session) => session.dispose()))
    },
  }
}
