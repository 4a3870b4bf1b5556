import { ceilingsOf } from './ceilings.ts'
import { derive } from './derive.ts'
import { fingerprintOf } from './environment.ts'
import type { ResultFile } from './schema.ts'

/** A number of a result that does not follow from its samples. */
export interface Discrepancy {
  readonly where: string
  readonly stated: unknown
  readonly computed: unknown
}

/** Relative difference that other processors' arithmetic may make. */
const TOLERANCE = 1e-9

/** Computes every derived number of a result again from its raw samples and lists those that differ. */
export function verify(result: ResultFile): Discrepancy[] {
  const { fingerprint, ...environment } = result.environment
  const found: Discrepancy[] = []
  compare('environment.fingerprint', fingerprint, fingerprintOf(environment), found)
  for (const { name, status, raw, derived } of result.cases) {
    const computed = raw && status === 'ok' ? derive(raw) : undefined
    compare(name, derived, computed, found)
    if (raw?.kind !== 'model' || !raw.ceilings) continue
    // Ceilings are numbers that follow from other cases of the file.
    const { from } = raw.ceilings
    const rows = result.cases.filter((row) => from.includes(row.name))
    compare(`${name}.ceilings`, raw.ceilings, ceilingsOf(rows), found)
  }
  return found
}

function compare(where: string, stated: unknown, computed: unknown, found: Discrepancy[]): void {
  if (typeof stated === 'number' && typeof computed === 'number') {
    if (Math.abs(stated - computed) <= TOLERANCE * Math.max(Math.abs(stated), Math.abs(computed))) return
  } else if (isObject(stated) && isObject(computed)) {
    for (const key of new Set([...Object.keys(stated), ...Object.keys(computed)]))
      compare(`${where}.${key}`, stated[key], computed[key], found)
    return
  } else if (Object.is(stated, computed)) return
  found.push({ where, stated, computed })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
