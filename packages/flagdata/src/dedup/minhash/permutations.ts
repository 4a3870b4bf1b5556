import { MersenneTwister } from '../mersenneTwister.ts'

const MERSENNE_61 = (1n << 61n) - 1n

/** Random permutations x → (a·x + b mod 2^64) mod (2^61 − 1). */
export interface Permutations {
  a: BigUint64Array
  b: BigUint64Array
}

/** The permutations of a seed: first all a, then all b, as datatrove draws them from `RandomState(seed)`. */
export function drawPermutations(count: number, seed: number): Permutations {
  const generator = new MersenneTwister(seed)
  const draw = (low: bigint) =>
    BigUint64Array.from({ length: count }, () => generator.nextUint64(low, MERSENNE_61))
  return { a: draw(1n), b: draw(0n) }
}

/** The permutations of a seed drawn in pairs, a then b, as datasketch, text-dedup's earlier form and FlagData do. */
export function drawPairedPermutations(count: number, seed: number): Permutations {
  const generator = new MersenneTwister(seed)
  const [a, b] = [new BigUint64Array(count), new BigUint64Array(count)]
  for (let p = 0; p < count; p++) {
    a[p] = generator.nextUint64(1n, MERSENNE_61)
    b[p] = generator.nextUint64(0n, MERSENNE_61)
  }
  return { a, b }
}

/** The least image of any hash under each permutation: the plain twin of `permute` in `minhash.as.ts`. */
export function permute(hashes: BigUint64Array, { a, b }: Permutations): BigUint64Array {
  const least = new BigUint64Array(a.length)
  for (let p = 0; p < a.length; p++) {
    least[p] = MERSENNE_61
    for (const hash of hashes) {
      const image = BigInt.asUintN(64, a[p] * hash + b[p]) % MERSENNE_61
      if (image < least[p]) least[p] = image
    }
  }
  return least
}
