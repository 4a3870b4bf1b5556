import type { Removal } from '../pipeline/step.ts'

/** Removes what lies outside of a range: `<what>_too_low` or `<what>_too_high`, with the value and the limit. */
export function outside(what: string, value: number, least: number, most: number): Removal | undefined {
  if (value < least) return { reason: `${what}_too_low`, value, limit: least }
  if (value > most) return { reason: `${what}_too_high`, value, limit: most }
  return undefined
}

/** The reasons of `outside`, for a step's description. */
export const rangeReasons = (what: string): string[] => [`${what}_too_low`, `${what}_too_high`]

/** Where FlagData's operators are defined. */
export const flagData = (file: string): string =>
  `FlagData 3.0, flagdata/${file} (https://github.com/FlagOpen/FlagData)`
