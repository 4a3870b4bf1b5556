/** What the head of a binary file says. */
export interface Header {
  order: number
  /** n-grams of every order. */
  counts: number[]
  multiplier: number
  hasRestCosts: boolean
  isQuantised: boolean
  hasArrays: boolean
  /** Where vocabulary and tables begin. */
  start: number
}
