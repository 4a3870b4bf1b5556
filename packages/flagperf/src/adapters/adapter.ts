import { type ExecutionProvider, executionProviders, FlagError, type ProviderProbe } from '@flag/core-tensor'
import type { BaseSpec } from '../cases/spec.ts'
import type { Tier } from '../cases/tiers.ts'
import type { Monitor } from '../monitors/monitor.ts'

/** A measurement of what the chip can reach at all. */
export type Ceiling = Pick<BaseSpec, 'probe' | 'dtype' | 'size'>

/** How large ceilings are measured: as a tier says, or just large enough to see that they can be measured. */
export type Extent = Tier | 'check'

/** How one vendor's chips are measured: all there is to write for a new one. */
export interface Adapter {
  /** Short and in lower case: `cuda`. */
  readonly name: string
  /** The execution provider of ONNX Runtime that runs on the chip. */
  readonly provider: ExecutionProvider
  /** Whether the chip can be used here, and if not, why: found out by using it. */
  probe(): Promise<ProviderProbe>
  /** Options that the provider is opened with, by ONNX Runtime's names. */
  sessionOptions(choice: { readonly device?: number }): Readonly<Record<string, unknown>>
  /** What can be read of the chip while it works. */
  readonly monitors: readonly Monitor[]
  ceilings(extent: Extent): readonly Ceiling[]
  /** What a reader of its figures has to know. */
  readonly caveats: readonly string[]
}

/** Makes an adapter. Throws `invalid-argument` where a part is missing or wrong, saying which. */
export function defineAdapter(adapter: Adapter): Adapter {
  const wrong = (what: string) => new FlagError('invalid-argument', `adapter "${adapter.name}": ${what}`)
  if (!/^[a-z][a-z0-9-]*$/.test(adapter.name)) throw wrong('its name has to be in lower case, without spaces')
  if (!executionProviders.includes(adapter.provider))
    throw wrong(`provider "${adapter.provider}" is not one of ${executionProviders.join(', ')}`)
  for (const part of ['probe', 'sessionOptions', 'ceilings'] as const)
    if (typeof adapter[part] !== 'function') throw wrong(`${part} has to be a function`)
  for (const part of ['monitors', 'caveats'] as const)
    if (!Array.isArray(adapter[part])) throw wrong(`${part} has to be a list`)
  return Object.freeze({ ...adapter })
}
