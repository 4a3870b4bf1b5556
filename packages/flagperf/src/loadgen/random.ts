import type { Generator } from '@flag/core-tensor'

/**
 * The ways in which LoadGen draws from `std::mt19937`, as libstdc++ (GCC 11 and newer) implements them; other standard
 * libraries draw differently from the same bits. `Generator` is that twister, seeded with the low 32 bits.
 */

const WORD = 2 ** 32

/** A uniform integer in [0, n), n at most 2^32: Lemire's multiplication method (arXiv 1805.10941). */
export function uniformBelow(random: Pick<Generator, 'uint32'>, n: number): number {
  let draw = random.uint32()
  let low = Math.imul(draw, n) >>> 0
  if (low < n) {
    const threshold = (WORD - n) % n
    while (low < threshold) {
      draw = random.uint32()
      low = Math.imul(draw, n) >>> 0
    }
  }
  return highWord(draw, n)
}

/** Upper 32 bits of the product of two 32-bit integers, without leaving what a double holds exactly. */
function highWord(a: number, b: number): number {
  return Math.floor(((a >>> 16) * b + Math.floor(((a & 0xffff) * b) / 0x10000)) / 0x10000)
}

/** `std::generate_canonical<double, 53>`: two words, the low one first. */
export function canonical(random: Pick<Generator, 'uint32'>): number {
  const low = random.uint32()
  const value = (low + random.uint32() * WORD) / 2 ** 64
  return value < 1 ? value : 1 - 2 ** -53
}

/** `std::exponential_distribution`: the time to the next event when `rate` are expected per unit of time. */
export function exponential(random: Pick<Generator, 'uint32'>, rate: number): number {
  return -Math.log(1 - canonical(random)) / rate
}

/** `std::shuffle`, in place. Short lists take two positions from one draw. */
export function shuffle<T>(list: T[], random: Pick<Generator, 'uint32'>): void {
  const swap = (i: number, j: number) => {
    const kept = list[i]
    list[i] = list[j]
    list[j] = kept
  }
  const n = list.length
  if (n === 0) return
  if (Math.floor((WORD - 1) / n) < n) {
    for (let i = 1; i < n; i++) swap(i, uniformBelow(random, i + 1))
    return
  }
  let i = 1
  if (n % 2 === 0) swap(i++, uniformBelow(random, 2))
  while (i < n) {
    const first = i + 1
    const draw = uniformBelow(random, first * (first + 1))
    swap(i++, Math.floor(draw / (first + 1)))
    swap(i++, draw % (first + 1))
  }
}
