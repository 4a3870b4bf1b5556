/**
 * XXH64 (Yann Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) with seed 0, in halves of 32
 * bits, which JavaScript multiplies natively. The result lies in `xxhash.high` and `xxhash.low`.
 */
export const xxhash = { high: 0, low: 0 }

// High half, low half.
const P1 = [0x9e3779b1, 0x85ebca87]
const P2 = [0xc2b2ae3d, 0x27d4eb4f]
const P3 = [0x165667b1, 0x9e3779f9]
const P4 = [0x85ebca77, 0xc2b2ae63]
const P5 = [0x27d4eb2f, 0x165667c5]

// The last product; kept outside so that no call allocates.
let high = 0
let low = 0

/** Sets `high` and `low` to the product modulo 2^64. */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff
  const a1 = aLow >>> 16
  const b0 = bLow & 0xffff
  const b1 = bLow >>> 16
  const w = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) >>> 0
  const t = ((w & 0xffff) + Math.imul(a0, b1)) >>> 0
  high = (Math.imul(a1, b1) + (w >>> 16) + (t >>> 16) + Math.imul(aLow, bHigh) + Math.imul(aHigh, bLow)) | 0
  low = Math.imul(aLow, bLow)
}

/** Adds to `high` and `low`. */
function add(bHigh: number, bLow: number): void {
  const sum = (low + bLow) | 0
  high = (high + bHigh + (sum >>> 0 < bLow >>> 0 ? 1 : 0)) | 0
  low = sum
}

/** Rotates `high` and `low` left by fewer than 32 bits. */
function rotate(bits: number): void {
  const top = (high << bits) | (low >>> (32 - bits))
  low = (low << bits) | (high >>> (32 - bits))
  high = top
}

/** `high` and `low` become the round of an accumulator with a lane: rotl(accumulator + lane·P2, 31)·P1. */
function round(accumulatorHigh: number, accumulatorLow: number, laneHigh: number, laneLow: number): void {
  multiply(laneHigh, laneLow, P2[0], P2[1])
  add(accumulatorHigh, accumulatorLow)
  rotate(31)
  multiply(high, low, P1[0], P1[1])
}

const word = (bytes: Uint8Array, at: number) =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)

const lanes = new Int32Array(8)

/** Hashes bytes of a buffer, from `start` up to `end`. */
export function xxhash64(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start
  let at = start
  if (length >= 32) {
    high = P1[0]
    low = P1[1]
    add(P2[0], P2[1])
    lanes[0] = high
    lanes[1] = low
    lanes[2] = P2[0]
    lanes[3] = P2[1]
    lanes[4] = 0
    lanes[5] = 0
    // 0 − P1
    lanes[6] = ~P1[0]
    lanes[7] = -P1[1]
    for (; at + 32 <= end; at += 32) {
      for (let i = 0; i < 4; i++) {
        round(lanes[2 * i], lanes[2 * i + 1], word(bytes, at + 8 * i + 4), word(bytes, at + 8 * i))
        lanes[2 * i] = high
        lanes[2 * i + 1] = low
      }
    }
    let sumHigh = 0
    let sumLow = 0
    for (let i = 0; i < 4; i++) {
      high = lanes[2 * i]
      low = lanes[2 * i + 1]
      rotate([1, 7, 12, 18][i])
      add(sumHigh, sumLow)
      sumHigh = high
      sumLow = low
    }
    for (let i = 0; i < 4; i++) {
      round(0, 0, lanes[2 * i], lanes[2 * i + 1])
      sumHigh ^= high
      sumLow ^= low
      multiply(sumHigh, sumLow, P1[0], P1[1])
      add(P4[0], P4[1])
      sumHigh = high
      sumLow = low
    }
  } else {
    high = P5[0]
    low = P5[1]
  }
  add(0, length)

  let hashHigh = high
  let hashLow = low
  for (; at + 8 <= end; at += 8) {
    round(0, 0, word(bytes, at + 4), word(bytes, at))
    high ^= hashHigh
    low ^= hashLow
    rotate(27)
    multiply(high, low, P1[0], P1[1])
    add(P4[0], P4[1])
    hashHigh = high
    hashLow = low
  }
  if (at + 4 <= end) {
    multiply(0, word(bytes, at), P1[0], P1[1])
    high ^= hashHigh
    low ^= hashLow
    rotate(23)
    multiply(high, low, P2[0], P2[1])
    add(P3[0], P3[1])
    hashHigh = high
    hashLow = low
    at += 4
  }
  for (; at < end; at++) {
    multiply(0, bytes[at], P5[0], P5[1])
    high ^= hashHigh
    low ^= hashLow
    rotate(11)
    multiply(high, low, P1[0], P1[1])
    hashHigh = high
    hashLow = low
  }

  // Avalanche: x ^= x >> 33; x *= P2; x ^= x >> 29; x *= P3; x ^= x >> 32.
  multiply(hashHigh, hashLow ^ (hashHigh >>> 1), P2[0], P2[1])
  low ^= (low >>> 29) | (high << 3)
  high ^= high >>> 29
  multiply(high, low, P3[0], P3[1])
  xxhash.high = high >>> 0
  xxhash.low = (low ^ high) >>> 0
}
