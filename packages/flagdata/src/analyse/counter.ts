/**
 * The most frequent of many things in bounded memory (Misra and Gries 1982): whatever occurs more often than `bound` is in
 * it, with a count that is at most `bound` too low and never too high. With fewer than `capacity` different things all
 * counts are exact.
 */
export class TopCounter {
  readonly #counts = new Map<string, number>()
  readonly #capacity: number
  /** How much a count may be too low. */
  bound = 0
  total = 0

  constructor(capacity = 200_000) {
    this.#capacity = capacity
  }

  add(key: string, by = 1): void {
    this.total += by
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
    while (this.#counts.size > this.#capacity) this.#drop()
  }

  /** Takes one from every count, and what has nothing left away. */
  #drop(): void {
    this.bound++
    for (const [key, count] of this.#counts)
      if (count === 1) this.#counts.delete(key)
      else this.#counts.set(key, count - 1)
  }

  get distinct(): number {
    return this.#counts.size
  }

  top(count: number): { key: string; count: number }[] {
    return [...this.#counts]
      .map(([key, count]) => ({ key, count }))
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
      .slice(0, count)
  }
}
