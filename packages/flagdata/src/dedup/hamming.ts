import { DataError } from '../errors.ts'

/** Values of 64 bits, in pairs of low and high half as a `BigUint64Array` lies in memory. */
export type Bits64 = BigUint64Array<ArrayBuffer>

/** In how many bits two values of 64 bits differ. */
export function hammingDistance(aLow: number, aHigh: number, bLow: number, bHigh: number): number {
  return ones(aLow ^ bLow) + ones(aHigh ^ bHigh)
}

/** The number of ones in 32 bits (Warren, Hacker's Delight, section 5-1). */
function ones(bits: number): number {
  let v = bits - ((bits >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Blocks of bits in the order in which a table puts them, the most significant first. */
interface Table {
  /** First bit of each block in the value, in the permuted value, and its width. */
  readonly from: number[]
  readonly to: number[]
  readonly width: number[]
  /** Bits that two values must share to be compared, in halves. */
  readonly maskLow: number
  readonly maskHigh: number
}

/** Every choice of `size` of the numbers 0 … count − 1. */
function choices(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]]
  const result: number[][] = []
  for (let first = from; first <= count - size; first++)
    for (const rest of choices(count, size - 1, first + 1)) result.push([first, ...rest])
  return result
}

/**
 * Tables as Manku, Jain and Das Sarma describe them (Detecting near-duplicates for web crawling, 2007, section 3): 64
 * bits are cut into `blocks`; values that differ in at most `distance` bits agree in at least blocks − distance
 * blocks, and for each choice of so many blocks there is a table sorted by them.
 */
function makeTables(blocks: number, distance: number): Table[] {
  const start = (block: number) => Math.floor((block * 64) / blocks)
  return choices(blocks, blocks - distance).map((chosen) => {
    const others = Array.from({ length: blocks }, (_, i) => i).filter((i) => !chosen.includes(i))
    const order = [...chosen, ...others]
    const width = order.map((block) => start(block + 1) - start(block))
    let top = 64
    const to = width.map((bits) => {
      top -= bits
      return top
    })
    const free = to[chosen.length - 1]
    return {
      from: order.map(start),
      to,
      width,
      maskLow: free >= 32 ? 0 : ~((1 << free) - 1) >>> 0,
      maskHigh: free <= 32 ? 0xffffffff : ~((1 << (free - 32)) - 1) >>> 0,
    }
  })
}

// The value that was permuted last, in halves.
let low = 0
let high = 0

/** Moves blocks of at most 32 bits from their places to others, into `low` and `high`. */
function permute(valueLow: number, valueHigh: number, from: number[], to: number[], width: number[]): void {
  low = 0
  high = 0
  for (let i = 0; i < width.length; i++) {
    const at = from[i]
    const mask = width[i] === 32 ? -1 : (1 << width[i]) - 1
    let bits: number
    if (at >= 32) bits = valueHigh >>> (at - 32)
    else if (at === 0) bits = valueLow
    else bits = (valueLow >>> at) | (valueHigh << (32 - at))
    bits &= mask
    const place = to[i]
    if (place >= 32) high |= bits << (place - 32)
    else {
      low |= bits << place
      if (place > 0) high |= bits >>> (32 - place)
    }
  }
}

/** The most blocks that `findWithin` makes by itself: more tables are slower than the comparisons they save. */
const defaultBlocks = (distance: number): number => (distance === 0 ? 2 : distance + 2)

/**
 * Finds all pairs of values that differ in at most `distance` bits. Each pair is visited once or more, by indices into
 * `values`.
 *
 * Time: one sort per table, C(blocks, distance) of them, and the pairs that agree in a table's blocks; values all alike
 * in those blocks are compared each with each. Memory: 16 bytes per value.
 *
 * @param values ascending and without repeats: `uniqueSorted`
 * @throws DataError `invalid-argument` unless 0 ≤ distance < blocks ≤ 64 and blocks ≥ 2
 */
export function findWithin(
  values: Bits64,
  distance: number,
  visit: (a: number, b: number) => void,
  blocks = defaultBlocks(distance),
): void {
  if (!(distance >= 0 && distance < blocks && blocks >= 2 && blocks <= 64))
    throw new DataError('invalid-argument', `${blocks} blocks for a distance of ${distance}`, {
      hint: 'expected more blocks than the distance, and 2 to 64 of them',
    })
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  const permuted = new BigUint64Array(values.length)
  const halves = new Uint32Array(permuted.buffer)
  const original = (at: number, { from, to, width }: Table) => {
    permute(halves[2 * at], halves[2 * at + 1], to, from, width)
    return indexOf(words, low >>> 0, high >>> 0)
  }
  for (const table of makeTables(blocks, distance)) {
    for (let i = 0; i < values.length; i++) {
      permute(words[2 * i], words[2 * i + 1], table.from, table.to, table.width)
      halves[2 * i] = low
      halves[2 * i + 1] = high
    }
    permuted.sort()
    for (let start = 0, end = 0; start < values.length; start = end) {
      const prefixLow = halves[2 * start] & table.maskLow
      const prefixHigh = halves[2 * start + 1] & table.maskHigh
      for (end = start + 1; end < values.length; end++)
        if (
          (halves[2 * end] & table.maskLow) !== prefixLow ||
          (halves[2 * end + 1] & table.maskHigh) !== prefixHigh
        )
          break
      for (let a = start; a < end; a++)
        for (let b = a + 1; b < end; b++)
          if (hammingDistance(halves[2 * a], halves[2 * a + 1], halves[2 * b], halves[2 * b + 1]) <= distance)
            visit(original(a, table), original(b, table))
    }
  }
}

/** The values once each, ascending. */
export function uniqueSorted(values: Bits64): Bits64 {
  const sorted = values.slice().sort()
  let count = 0
  for (let i = 0; i < sorted.length; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]
  return sorted.slice(0, count)
}

/** Where a value lies among ascending ones, given as 32-bit halves; it must be there. */
export function indexOf(words: Uint32Array, valueLow: number, valueHigh: number): number {
  let start = 0
  let end = words.length / 2
  while (end - start > 1) {
    const middle = (start + end) >>> 1
    const isAfter =
      words[2 * middle + 1] > valueHigh ||
      (words[2 * middle + 1] === valueHigh && words[2 * middle] > valueLow)
    if (isAfter) end = middle
    else start = middle
  }
  return start
}
