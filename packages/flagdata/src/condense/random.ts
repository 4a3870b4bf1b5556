/**
 * A number in [0, 1) that depends on the seed, the piece and the document's number alone, so that every process draws the
 * same (the finaliser of MurmurHash3, Appleby, over 53 bits).
 */
export function uniform(seed: number, piece: string, number: number): number {
  const high = mix(mix(seed ^ Number(piece)) ^ number)
  const low = mix(high ^ 0x9e3779b9)
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}

function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
