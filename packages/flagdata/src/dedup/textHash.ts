import { createHash } from 'node:crypto'
import { xxhash, xxhash64 } from './xxhash64.ts'

/** The hash functions of datatrove's `HashConfig`, 64 bits wide: XXH64, or the first eight bytes of SHA-1. */
export type HashName = 'xxhash' | 'sha1'

/** The last hash of `hashText` or `hashBytes`, in halves of 32 bits, unsigned. Kept outside so that no call allocates. */
export const hash = { high: 0, low: 0 }

let scratch = Buffer.allocUnsafe(1 << 16)
/** The buffer for long texts is given back when it is larger than this. */
const KEPT = 1 << 22

/** The text as UTF-8 in a buffer that the next call overwrites. */
export function utf8(text: string): Buffer {
  const most = 3 * text.length
  if (most > scratch.length) {
    if (most > KEPT) return Buffer.from(text)
    scratch = Buffer.allocUnsafe(2 * most)
  }
  return scratch.subarray(0, scratch.write(text))
}

/** Hashes a part of some bytes into `hash`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, name: HashName): void {
  if (name === 'xxhash') {
    xxhash64(bytes, start, end)
    hash.high = xxhash.high
    hash.low = xxhash.low
  } else {
    const digest = createHash('sha1').update(bytes.subarray(start, end)).digest()
    hash.low = digest.readUInt32LE(0)
    hash.high = digest.readUInt32LE(4)
  }
}

/** Hashes a text, as UTF-8, into `hash`. */
export function hashText(text: string, name: HashName): void {
  const bytes = utf8(text)
  hashBytes(bytes, 0, bytes.length, name)
}
