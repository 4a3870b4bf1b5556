import { type Host, thisHost } from '../host.ts'

/** A host whose waits are over at once and are kept, whose disk has room, and whose warnings are kept. */
export interface TestHost extends Host {
  /** What was waited for, in ms. */
  readonly waits: number[]
  readonly warnings: string[]
}

export function testHost(changes: Partial<Host> = {}): TestHost {
  const waits: number[] = []
  const warnings: string[] = []
  return {
    ...thisHost,
    sleep: async (ms) => void waits.push(ms),
    random: () => 0,
    // Tests that need a deadline to pass let it pass themselves.
    deadline: () => ({ renew() {}, end() {} }),
    freeBytes: async () => undefined,
    warn: (message) => void warnings.push(message),
    ...changes,
    waits,
    warnings,
  }
}

/** An error of the operating system. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code })
