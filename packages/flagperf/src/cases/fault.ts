import { setTimeout } from 'node:timers/promises'
import type { FaultSpec } from './spec.ts'

/** Does what a case must not do: what contains cases is tested with it. */
export async function commitFault({ fault }: FaultSpec): Promise<never> {
  const kept: Uint8Array[] = []
  switch (fault) {
    case 'abort':
      return process.abort()
    case 'exit':
      return process.exit(3)
    case 'throw':
      throw new Error('no such luck')
    case 'memory':
      for (;;) {
        kept.push(new Uint8Array(16 * 2 ** 20).fill(1))
        await setTimeout(5)
      }
    case 'hang':
      for (;;);
  }
}
