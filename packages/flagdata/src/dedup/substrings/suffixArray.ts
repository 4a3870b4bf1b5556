/**
 * The suffix array of a sequence of integers 0 … alphabet − 1: the starts of its suffixes in ascending order of the
 * suffixes, a suffix before all that it begins. Time and memory are linear: 4 bytes per element for the result, at most 8
 * more while it is built.
 *
 * Source: Nong, Zhang and Chan, Linear suffix array construction by almost pure induced-sorting, 2009 (SA-IS).
 */
export function suffixArray(sequence: Uint8Array | Int32Array, alphabet: number): Int32Array {
  const result = new Int32Array(sequence.length)
  induce(sequence, result, alphabet)
  return result
}

type Sequence = Uint8Array | Int32Array

/** Fills `suffixes` with the suffix array of `sequence`; both have the same length. */
function induce(sequence: Sequence, suffixes: Int32Array, alphabet: number): void {
  const n = sequence.length
  if (n === 0) return
  if (n === 1) {
    suffixes[0] = 0
    return
  }
  const isSmaller = typesOf(sequence)
  const isLeftmost = (i: number) => i > 0 && bit(isSmaller, i) === 1 && bit(isSmaller, i - 1) === 0
  const counts = countsOf(sequence, alphabet)
  const bounds = new Int32Array(alphabet)

  // Sort the leftmost smaller suffixes by their substrings: put them at the ends of their buckets, then induce.
  suffixes.fill(-1)
  bucketEnds(counts, bounds)
  for (let i = 1; i < n; i++) if (isLeftmost(i)) suffixes[--bounds[sequence[i]]] = i
  induceLarger(sequence, suffixes, isSmaller, counts, bounds)
  induceSmaller(sequence, suffixes, isSmaller, counts, bounds)

  // Collect them in order, and name equal substrings equally.
  let count = 0
  for (let i = 0; i < n; i++) if (isLeftmost(suffixes[i])) suffixes[count++] = suffixes[i]
  suffixes.fill(-1, count)
  let names = 0
  let previous = -1
  for (let i = 0; i < count; i++) {
    const at = suffixes[i]
    if (previous < 0 || !sameSubstring(sequence, isLeftmost, previous, at)) names++
    previous = at
    // No two of them are neighbours, so half of the position is free for each.
    suffixes[count + (at >> 1)] = names - 1
  }
  const reduced = suffixes.subarray(n - count)
  for (let i = n - 1, to = n - 1; i >= count; i--) if (suffixes[i] >= 0) suffixes[to--] = suffixes[i]

  const order = suffixes.subarray(0, count)
  if (names < count) induce(reduced.slice(), order, names)
  else for (let i = 0; i < count; i++) order[reduced[i]] = i

  // From numbers of the leftmost smaller suffixes back to their positions; then induce the whole order from them.
  for (let i = 1, to = n - count; i < n; i++) if (isLeftmost(i)) suffixes[to++] = i
  for (let i = 0; i < count; i++) order[i] = reduced[order[i]]
  suffixes.fill(-1, count)
  bucketEnds(counts, bounds)
  for (let i = count - 1; i >= 0; i--) {
    const at = suffixes[i]
    suffixes[i] = -1
    suffixes[--bounds[sequence[at]]] = at
  }
  induceLarger(sequence, suffixes, isSmaller, counts, bounds)
  induceSmaller(sequence, suffixes, isSmaller, counts, bounds)
}

const bit = (bits: Uint8Array, i: number) => (bits[i >> 3] >> (i & 7)) & 1

/** A bit for each suffix that is smaller than the next one (type S); the last suffix is larger than the empty one. */
function typesOf(sequence: Sequence): Uint8Array {
  const n = sequence.length
  const types = new Uint8Array((n >> 3) + 1)
  let smaller = 0
  for (let i = n - 2; i >= 0; i--) {
    if (sequence[i] < sequence[i + 1]) smaller = 1
    else if (sequence[i] > sequence[i + 1]) smaller = 0
    if (smaller) types[i >> 3] |= 1 << (i & 7)
  }
  return types
}

function countsOf(sequence: Sequence, alphabet: number): Int32Array {
  const counts = new Int32Array(alphabet)
  for (let i = 0; i < sequence.length; i++) counts[sequence[i]]++
  return counts
}

function bucketStarts(counts: Int32Array, bounds: Int32Array): void {
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    bounds[i] = sum
    sum += counts[i]
  }
}

function bucketEnds(counts: Int32Array, bounds: Int32Array): void {
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    sum += counts[i]
    bounds[i] = sum
  }
}

function induceLarger(
  sequence: Sequence,
  suffixes: Int32Array,
  isSmaller: Uint8Array,
  counts: Int32Array,
  bounds: Int32Array,
): void {
  const n = sequence.length
  bucketStarts(counts, bounds)
  // The last suffix comes first of its bucket, as if an end smaller than all stood before it.
  suffixes[bounds[sequence[n - 1]]++] = n - 1
  for (let i = 0; i < n; i++) {
    const before = suffixes[i] - 1
    if (before >= 0 && bit(isSmaller, before) === 0) suffixes[bounds[sequence[before]]++] = before
  }
}

function induceSmaller(
  sequence: Sequence,
  suffixes: Int32Array,
  isSmaller: Uint8Array,
  counts: Int32Array,
  bounds: Int32Array,
): void {
  bucketEnds(counts, bounds)
  for (let i = sequence.length - 1; i >= 0; i--) {
    const before = suffixes[i] - 1
    if (before >= 0 && bit(isSmaller, before) === 1) suffixes[--bounds[sequence[before]]] = before
  }
}

/** Whether the substrings from two leftmost smaller suffixes up to the next such ones are equal. */
function sameSubstring(
  sequence: Sequence,
  isLeftmost: (i: number) => boolean,
  a: number,
  b: number,
): boolean {
  const n = sequence.length
  for (let k = 0; ; k++) {
    if (a + k === n || b + k === n) return false
    if (sequence[a + k] !== sequence[b + k]) return false
    const [endA, endB] = [k > 0 && isLeftmost(a + k), k > 0 && isLeftmost(b + k)]
    if (endA || endB) return endA && endB
  }
}
