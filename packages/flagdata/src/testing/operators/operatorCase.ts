import type { Json } from '../../document.ts'

/** What a step must do with a text: remove it for a reason, make another text of it, or keep it. */
export interface OperatorCase {
  step: string
  options?: { [option: string]: Json }
  text: string
  metadata?: { [key: string]: Json }
  /** `{reason}` for a removal, `{text}` for a change, `keep` for neither. */
  expected: 'keep' | { reason: string; value?: number; limit?: number } | { text: string }
}

/** Cases of one step. */
export const of = (step: string, ...cases: Omit<OperatorCase, 'step'>[]): OperatorCase[] =>
  cases.map((it) => ({ step, ...it }))

export const keep = 'keep' as const
/** So many different words. */
export const words = (count: number, word = 'word') =>
  Array.from({ length: count }, (_, i) => `${word}${i}`).join(' ')
