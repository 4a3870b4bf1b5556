/**
 * MinHash from bytes of text: simplified text, its words, hashes of shingles, minima under permutations. Plain twins:
 * `simplify.ts` and the tokenizer for words, `xxhash64.ts`, `permutations.ts`.
 */
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

/** The first 8 bytes of SHA-1 of the bytes from `at` up to `end`, as a little-endian number. */
function sha1(at: usize, end: usize, schedule: usize): u64 {
  const length = end - at
  let h0: u32 = 0x67452301
  let h1: u32 = 0xefcdab89
  let h2: u32 = 0x98badcfe
  let h3: u32 = 0x10325476
  let h4: u32 = 0xc3d2e1f0
  // A one bit, zeros and the length in bits fill up the last block.
  const blocks = (length + 8) / 64 + 1
  for (let block: usize = 0; block < blocks; block++) {
    const from = block * 64
    for (let i: usize = 0; i < 64; i += 4) {
      const offset = from + i
      let word: u32 = 0
      if (offset + 4 <= length) word = bswap<u32>(load<u32>(at + offset))
      else
        for (let k: usize = 0; k < 4; k++) {
          const byte: u32 = offset + k < length ? load<u8>(at + offset + k) : offset + k === length ? 0x80 : 0
          word = (word << 8) | byte
        }
      store<u32>(schedule + i, word)
    }
    if (block === blocks - 1) {
      store<u32>(schedule, (length >> 29) as u32, 56)
      store<u32>(schedule, (length << 3) as u32, 60)
    }
    for (let i: usize = 64; i < 320; i += 4) {
      const word = schedule + i
      store<u32>(
        word,
        rotl<u32>(
          load<u32>(word - 12) ^ load<u32>(word - 32) ^ load<u32>(word - 56) ^ load<u32>(word - 64),
          1,
        ),
      )
    }
    let a = h0
    let b = h1
    let c = h2
    let d = h3
    let e = h4
    for (let i: usize = 0; i < 80; i++) {
      let mixed: u32
      if (i < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999
      else if (i < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1
      else if (i < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
      else mixed = (b ^ c ^ d) + 0xca62c1d6
      const next = rotl<u32>(a, 5) + mixed + e + load<u32>(schedule + (i << 2))
      e = d
      d = c
      c = rotl<u32>(b, 30)
      b = a
      a = next
    }
    h0 += a
    h1 += b
    h2 += c
    h3 += d
    h4 += e
  }
  return ((bswap<u32>(h1) as u64) << 32) | bswap<u32>(h0)
}

export const XXHASH: i32 = 0
export const SHA1: i32 = 1
export const SHA1_32: i32 = 2

/**
 * Hashes of all shingles of consecutive words.
 * @param text words, a space after each @param end where the last space ends
 * @param starts u32 per word and one more, written: where it starts @param hashes u64 per shingle, written
 * @param scratch 320 bytes for SHA-1
 * @returns how many words there are
 */
export function hashShingles(
  text: usize,
  end: usize,
  size: i32,
  hash: i32,
  starts: usize,
  hashes: usize,
  scratch: usize,
): i32 {
  let words = 0
  let start = text
  for (let at = text; at < end; at++) {
    if (load<u8>(at) !== 0x20) continue
    store<u32>(starts + ((words as usize) << 2), start as u32)
    words++
    start = at + 1
    if (words < size) continue
    const from = load<u32>(starts + (((words - size) as usize) << 2)) as usize
    let value: u64
    if (hash === XXHASH) value = xxhash64(from, at)
    else {
      value = sha1(from, at, scratch)
      if (hash === SHA1_32) value &= 0xffffffff
    }
    store<u64>(hashes + (((words - size) as usize) << 3), value)
  }
  store<u32>(starts + ((words as usize) << 2), start as u32)
  return words
}

/**
 * The minimum over all hashes h of (a·h + b mod 2^64) mod (2^61 − 1), for each permutation.
 * @param a u64 per permutation, their number even @param b likewise @param minima likewise, lowered
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
    let least = v128.load(minima + p)
    let most = i64x2.splat(0)
    for (let at = hashes; at < end; at += 8) {
      // Below 2^62, where integers are ordered like the doubles of the same bits. The prime and the few numbers above
      // it, once in 2^58, still stand for 0 and its successors.
      const folded = fold(v128.load_splat<u64>(at), factor, summand, prime)
      least = f64x2.pmin(least, folded)
      most = f64x2.pmax(most, folded)
    }
    if (v128.any_true(i64x2.ge_s(most, prime)))
      least = leastReduced(v128.load(minima + p), hashes, end, factor, summand, prime)
    v128.store(minima + p, least)
  }
}

function fold(hash: v128, factor: v128, summand: v128, prime: v128): v128 {
  const x = i64x2.add(i64x2.mul(hash, factor), summand)
  return i64x2.add(v128.and(x, prime), i64x2.shr_u(x, 61))
}

function leastReduced(
  least: v128,
  hashes: usize,
  end: usize,
  factor: v128,
  summand: v128,
  prime: v128,
): v128 {
  for (let at = hashes; at < end; at += 8)
    least = f64x2.pmin(least, reduce(fold(v128.load_splat<u64>(at), factor, summand, prime), prime))
  return least
}

function reduce(folded: v128, prime: v128): v128 {
  return i64x2.sub(folded, v128.and(prime, i64x2.ge_s(folded, prime)))
}

/** Like `permute`, of the low 32 bits of the images. */
export function permute32(
  hashes: usize,
  count: i32,
  a: usize,
  b: usize,
  minima: usize,
  permutations: i32,
): void {
  const end = hashes + ((count as usize) << 3)
  const prime = i64x2.splat(0x1fffffffffffffff)
  const low = i64x2.splat(0xffffffff)
  for (let p: usize = 0; p < (permutations as usize) << 3; p += 16) {
    const factor = v128.load(a + p)
    const summand = v128.load(b + p)
    let least = v128.load(minima + p)
    for (let at = hashes; at < end; at += 8) {
      const image = reduce(fold(v128.load_splat<u64>(at), factor, summand, prime), prime)
      least = f64x2.pmin(least, v128.and(image, low))
    }
    v128.store(minima + p, least)
  }
}
