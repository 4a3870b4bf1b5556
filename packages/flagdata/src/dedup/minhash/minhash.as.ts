/** Hashes of shingles and their minima under permutations. Plain twins: `xxhash64.ts`, `permutations.ts`. */

const P1: u64 = 0x9e3779b185ebca87
const P2: u64 = 0xc2b2ae3d27d4eb4f
const P3: u64 = 0x165667b19e3779f9
const P4: u64 = 0x85ebca77c2b2ae63
const P5: u64 = 0x27d4eb2f165667c5

/** Where memory is free. */
export function base(): usize {
  return __heap_base
}

function round(accumulator: u64, lane: u64): u64 {
  return rotl<u64>(accumulator + lane * P2, 31) * P1
}

function merge(hash: u64, accumulator: u64): u64 {
  return (hash ^ round(0, accumulator)) * P1 + P4
}

/** XXH64 with seed 0 of the bytes from `at` up to `end`. */
function xxhash64(at: usize, end: usize): u64 {
  const length: u64 = end - at
  let hash: u64 = P5
  if (length >= 32) {
    let a: u64 = P1 + P2
    let b: u64 = P2
    let c: u64 = 0
    let d: u64 = 0 - P1
    for (const last = end - 32; at <= last; at += 32) {
      a = round(a, load<u64>(at))
      b = round(b, load<u64>(at, 8))
      c = round(c, load<u64>(at, 16))
      d = round(d, load<u64>(at, 24))
    }
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  }
  hash += length
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * P1 + P4
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ ((load<u32>(at) as u64) * P1), 23) * P2 + P3
    at += 4
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ ((load<u8>(at) as u64) * P5), 11) * P1
  hash = (hash ^ (hash >> 33)) * P2
  hash = (hash ^ (hash >> 29)) * P3
  return hash ^ (hash >> 32)
}

/**
 * XXH64 of shingles of consecutive words.
 * @param starts u32 per word and one more: where it starts in memory; a separator byte stands before each next word
 * @param hashes u64 per shingle, written
 */
export function hashShingles(starts: usize, shingles: i32, words: i32, hashes: usize): void {
  for (let i = 0; i < shingles; i++) {
    const at = starts + ((i as usize) << 2)
    store<u64>(
      hashes + ((i as usize) << 3),
      xxhash64(load<u32>(at), (load<u32>(at + ((words as usize) << 2)) as usize) - 1),
    )
  }
}

/**
 * The minimum over all hashes h of (a·h + b mod 2^64) mod (2^61 − 1), for each permutation.
 * @param a u64 per permutation, their number even @param b likewise @param minima likewise, written
 */
export function permute(
  hashes: usize,
  count: i32,
  a: usize,
  b: usize,
  minima: usize,
  permutations: i32,
): void {
  const end = hashes + ((count as usize) << 3)
  const prime = i64x2.splat(0x1fffffffffffffff)
  for (let p: usize = 0; p < (permutations as usize) << 3; p += 16) {
    const factor = v128.load(a + p)
    const summand = v128.load(b + p)
    let least = prime
    let most = i64x2.splat(0)
    for (let at = hashes; at < end; at += 8) {
      // Below 2^62, where integers are ordered like the doubles of the same bits. The prime and the few numbers above
      // it, once in 2^58, still stand for 0 and its successors.
      const folded = fold(v128.load_splat<u64>(at), factor, summand, prime)
      least = f64x2.pmin(least, folded)
      most = f64x2.pmax(most, folded)
    }
    if (v128.any_true(i64x2.ge_s(most, prime))) least = leastReduced(hashes, end, factor, summand, prime)
    v128.store(minima + p, least)
  }
}

function fold(hash: v128, factor: v128, summand: v128, prime: v128): v128 {
  const x = i64x2.add(i64x2.mul(hash, factor), summand)
  return i64x2.add(v128.and(x, prime), i64x2.shr_u(x, 61))
}

function leastReduced(hashes: usize, end: usize, factor: v128, summand: v128, prime: v128): v128 {
  let least = prime
  for (let at = hashes; at < end; at += 8) {
    const folded = fold(v128.load_splat<u64>(at), factor, summand, prime)
    least = f64x2.pmin(least, i64x2.sub(folded, v128.and(prime, i64x2.ge_s(folded, prime))))
  }
  return least
}
