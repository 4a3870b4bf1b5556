const MULTIPLIER = 0xc6a4a7935bd1e995n
const MASK = (1n << 64n) - 1n

/** MurmurHash64A with seed 0 (Austin Appleby, public domain), by which KenLM knows words. */
export function murmurHash64(bytes: Buffer): bigint {
  let hash = (BigInt(bytes.length) * MULTIPLIER) & MASK
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    let k = (bytes.readBigUInt64LE(at) * MULTIPLIER) & MASK
    k = ((k ^ (k >> 47n)) * MULTIPLIER) & MASK
    hash = ((hash ^ k) * MULTIPLIER) & MASK
  }
  if (at < bytes.length) {
    let rest = 0n
    for (let i = bytes.length - 1; i >= at; i--) rest = (rest << 8n) | BigInt(bytes[i])
    hash = ((hash ^ rest) * MULTIPLIER) & MASK
  }
  hash = ((hash ^ (hash >> 47n)) * MULTIPLIER) & MASK
  return hash ^ (hash >> 47n)
}
