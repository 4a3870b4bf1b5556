/**
 * A trie over byte strings as a double array (Aoe 1989), in the layout of darts-clone, which SentencePiece stores in
 * its models: one 32-bit unit per node.
 *
 * | bits  | meaning                                                                              |
 * | ----- | ------------------------------------------------------------------------------------ |
 * | 0–7   | label: the byte on the edge to this node                                             |
 * | 8     | has a leaf: a key ends here, its value is in the unit at this node's base            |
 * | 9     | the offset counts in units of 256                                                    |
 * | 10–30 | offset: base = index of this node XOR offset; the child for byte `b` is at base XOR b |
 * | 31    | this unit is a leaf; the other bits are its value                                    |
 */
const LEAF = 0x80000000
const HAS_LEAF = 1 << 8
const COARSE = 1 << 9
const BLOCK = 256
/** Free places are looked for in this many blocks at the end; older ones are nearly full. */
const OPEN_BLOCKS = 16

/** Where the children of the node at `index` are: child `b` at the result XOR `b`. */
function baseOf(unit: number, index: number): number {
  return index ^ ((unit >>> 10) << ((unit & COARSE) >>> 6))
}

/** The label of a unit; no byte for leaves and free places. */
const labelOf = (unit: number): number => (unit & (LEAF | 0xff)) >>> 0
const hasLeaf = (unit: number): boolean => (unit & HAS_LEAF) !== 0
const leafValue = (unit: number): number => unit & 0x7fffffff

export interface PrefixMatch {
  /** Bytes matched; 0 for none. */
  length: number
  value: number
}

/** The longest key that `bytes` have at `start`. Writes to `match`, so that nothing is allocated per call. */
export function longestPrefix(
  units: Uint32Array,
  bytes: Uint8Array,
  start: number,
  match: PrefixMatch,
): PrefixMatch {
  match.length = 0
  if (units.length === 0) return match
  let base = baseOf(units[0], 0)
  for (let at = start; at < bytes.length; at++) {
    const index = base ^ bytes[at]
    // An index outside of a damaged array gives undefined, which is no label.
    const unit = units[index]
    if (unit === undefined || labelOf(unit) !== bytes[at]) break
    base = baseOf(unit, index)
    if (hasLeaf(unit) && base < units.length) {
      match.length = at + 1 - start
      match.value = leafValue(units[base])
    }
  }
  return match
}

/** Builds the array for keys in ascending order of their bytes; keys are not empty, unique, and free of zero bytes. */
export function buildDoubleArray(keys: readonly Uint8Array[], values: readonly number[]): Uint32Array {
  const places = new Places()
  places.take(0)
  // A range of keys that share their first `depth` bytes, and the unit of that prefix.
  const open: { begin: number; end: number; depth: number; index: number }[] = []
  if (keys.length > 0) open.push({ begin: 0, end: keys.length, depth: 0, index: 0 })
  for (let node = open.pop(); node; node = open.pop()) {
    const { begin, end, depth, index } = node
    const labels: number[] = []
    const starts: number[] = []
    for (let i = begin; i < end; i++) {
      const label = depth < keys[i].length ? keys[i][depth] : 0
      if (labels[labels.length - 1] === label) continue
      labels.push(label)
      starts.push(i)
    }
    const base = places.findBase(index, labels)
    places.setOffset(index, index ^ base)
    for (const label of labels) places.take(base ^ label)
    for (let i = labels.length - 1; i >= 0; i--) {
      const child = base ^ labels[i]
      if (labels[i] === 0) {
        places.units[index] |= HAS_LEAF
        places.units[child] = (values[starts[i]] | LEAF) >>> 0
        continue
      }
      places.units[child] = labels[i]
      open.push({ begin: starts[i], end: starts[i + 1] ?? end, depth: depth + 1, index: child })
    }
  }
  return places.finish()
}

/** The growing array with a list of its free places. */
class Places {
  units = new Uint32Array(0)
  #used = new Uint8Array(0)
  /** Nodes know their children by label only, so no two may have the same base. The root's must not be itself. */
  #isBase = new Uint8Array(0)
  /** Free places in order, linked from each to the next; the first is `#next[#head]`. */
  #free: number[] = []
  #length = 0

  take(index: number): void {
    while (index >= this.#length) this.#grow()
    this.#used[index] = 1
  }

  setOffset(index: number, offset: number): void {
    this.units[index] |= offset < 1 << 21 ? offset << 10 : (offset << 2) | COARSE
  }

  /** A base that no other node has, from which the places of all labels are free. */
  findBase(index: number, labels: readonly number[]): number {
    const kept: number[] = []
    let found = -1
    let i = 0
    const oldest = this.#length - OPEN_BLOCKS * BLOCK
    for (; i < this.#free.length && found < 0; i++) {
      const place = this.#free[i]
      if (this.#used[place] || place < oldest) continue
      kept.push(place)
      const base = place ^ labels[0]
      if (base === 0 || this.#isBase[base] || !reachable(index ^ base)) continue
      if (labels.every((label) => !this.#used[base ^ label])) found = base
    }
    // What was passed and is still free is kept; the places after it were not looked at.
    if (i > 64 || kept.length < i) this.#free = kept.concat(this.#free.slice(i))
    if (found < 0) {
      const block = this.#length
      this.#grow()
      found = block | (index & 0xff)
    }
    this.#isBase[found] = 1
    return found
  }

  #grow(): void {
    const start = this.#length
    this.#length += BLOCK
    if (this.#length > this.units.length) {
      const capacity = Math.max(4096, this.units.length * 2)
      const grown = new Uint32Array(capacity)
      grown.set(this.units)
      this.units = grown
      const used = new Uint8Array(capacity)
      used.set(this.#used)
      this.#used = used
      const isBase = new Uint8Array(capacity)
      isBase.set(this.#isBase)
      this.#isBase = isBase
    }
    for (let i = start; i < this.#length; i++) this.#free.push(i)
  }

  finish(): Uint32Array {
    const result = this.units.slice(0, this.#length)
    for (let block = 0; block < result.length; block += BLOCK) {
      // A free place gets the label that only the children of an unused base would have.
      let unusedBase = block
      while (this.#isBase[unusedBase] && unusedBase < block + BLOCK - 1) unusedBase++
      for (let i = block; i < block + BLOCK; i++) if (!this.#used[i]) result[i] = (i ^ unusedBase) & 0xff
    }
    return result
  }
}

/** Offsets from 2^21 on can be stored only as multiples of 256. */
const reachable = (offset: number) => offset < 1 << 21 || (offset & 0xff) === 0
