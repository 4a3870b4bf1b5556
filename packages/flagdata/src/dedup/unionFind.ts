/** Disjoint sets of 0 … count − 1; the root of a set is its smallest member. Memory: 4 bytes per member. */
export class UnionFind {
  readonly #parents: Uint32Array

  constructor(count: number) {
    this.#parents = Uint32Array.from({ length: count }, (_, i) => i)
  }

  /** The smallest member of the set. */
  rootOf(member: number): number {
    const parents = this.#parents
    let root = member
    while (parents[root] !== root) root = parents[root]
    for (let at = member; parents[at] !== root; ) {
      const next = parents[at]
      parents[at] = root
      at = next
    }
    return root
  }

  join(a: number, b: number): void {
    const [rootA, rootB] = [this.rootOf(a), this.rootOf(b)]
    this.#parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB)
  }
}
