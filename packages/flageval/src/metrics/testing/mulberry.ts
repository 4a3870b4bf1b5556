/** Random numbers that both JavaScript and Python can draw alike: u in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Draw = () => number

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
export const below = (u: Draw, n: number): number => Math.floor(u() * n)
/** Numbers in [-1, 1). */
export const signed = (u: Draw, n: number): number[] => times(n, () => 2 * u() - 1)
