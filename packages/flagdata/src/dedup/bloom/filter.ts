import { open, readFile } from 'node:fs/promises'
import { DataError } from '../../errors.ts'
import { openAtomic } from '../../writers/atomic.ts'

/** A set that may say yes to what is not in it, at a known rate, and never no to what is. */
export interface BloomFilter {
  /** Whether a hash of 64 bits, in halves, is in the set, or seems to be. */
  has(low: number, high: number): boolean
  add(low: number, high: number): void
}

/** The largest filter: as long as an array of bytes may be. */
const MOST_BYTES: number = 2 ** 32

/** What a filter of `bytes` bytes and `hashes` hash functions is built for. */
export interface BloomShape {
  bytes: number
  hashes: number
}

/**
 * The smallest filter for so many elements at a rate of false positives: m = −n·ln p / (ln 2)² bits and k = m/n·ln 2 hash
 * functions (Bloom 1970).
 *
 * @throws DataError `invalid-argument` if it had more than 2^32 bytes
 */
export function bloomShape(elements: number, rate: number): BloomShape {
  const bits = Math.ceil((-elements * Math.log(rate)) / Math.LN2 ** 2)
  const bytes = Math.max(8, Math.ceil(bits / 8))
  if (bytes > MOST_BYTES)
    throw new DataError('invalid-argument', `a Bloom filter of ${bytes} bytes, more than ${MOST_BYTES}`, {
      hint: 'expect fewer elements, or allow a higher rate of false positives',
    })
  return { bytes, hashes: Math.max(1, Math.round(((8 * bytes) / elements) * Math.LN2)) }
}

/** The rate of false positives with so many elements: (1 − (1 − 1/m)^(kn))^k. */
export const falsePositiveRate = ({ bytes, hashes }: BloomShape, elements: number): number =>
  (1 - (1 - 1 / (8 * bytes)) ** (hashes * elements)) ** hashes

const MAGIC = 'FLAGBLOOM 1\n'

/** What a file says of the filter in it. */
export interface BloomHeader extends BloomShape {
  seed: number
  /** Elements that were added. */
  elements: number
  /** What the elements are, such as `ngram 13`; a filter of other elements is of no use. */
  contents: string
}

/**
 * A Bloom filter over 64-bit hashes. The positions of an element are h₁ + i·h₂ + (i³ − i)/6 mod m (enhanced double
 * hashing, Dillinger and Manolios 2004), with h₁ and h₂ of 52 bits taken from the mixed hash.
 */
export class Bloom implements BloomFilter {
  readonly bits: Uint8Array
  readonly #shape: BloomShape
  readonly #contents: string
  readonly #seed: number
  readonly #positions: Float64Array
  #elements = 0

  constructor(shape: BloomShape, contents: string, seed = 0, bits = new Uint8Array(shape.bytes)) {
    this.#shape = shape
    this.#contents = contents
    this.#seed = seed
    this.#positions = new Float64Array(shape.hashes)
    this.bits = bits
  }

  /** Elements that were added. */
  get elements(): number {
    return this.#elements
  }

  /** The rate of false positives as it is now. */
  get rate(): number {
    return falsePositiveRate(this.#shape, this.#elements)
  }

  #locate(low: number, high: number): void {
    const bits = 8 * this.#shape.bytes
    const a = mix(low ^ this.#seed)
    const b = mix(high ^ a)
    const c = mix(a ^ b ^ 0x9e3779b9)
    const d = mix(b + c)
    // Integers below 2^53 are exact in a double.
    let x = (a * 0x100000 + (b >>> 12)) % bits
    let y = (c * 0x100000 + (d >>> 12)) % bits
    for (let i = 0; i < this.#positions.length; i++) {
      this.#positions[i] = x
      x = (x + y) % bits
      y = (y + i + 1) % bits
    }
  }

  has(low: number, high: number): boolean {
    this.#locate(low, high)
    for (const position of this.#positions)
      if ((this.bits[Math.floor(position / 8)] & (1 << (position % 8))) === 0) return false
    return true
  }

  add(low: number, high: number): void {
    this.#locate(low, high)
    for (const position of this.#positions) this.bits[Math.floor(position / 8)] |= 1 << (position % 8)
    this.#elements++
  }

  /** Writes the filter so that another run, on any machine, goes on with it. */
  async save(path: string): Promise<void> {
    const header: BloomHeader = {
      ...this.#shape,
      seed: this.#seed,
      elements: this.#elements,
      contents: this.#contents,
    }
    const output = await openAtomic(path)
    try {
      await output.file.writeFile(`${MAGIC}${JSON.stringify(header)}\n`)
      await output.file.writeFile(this.bits)
      await output.commit()
    } catch (error) {
      await output.discard()
      throw error
    }
  }

  /**
   * Opens a filter that `save` wrote.
   *
   * @throws DataError `corrupt-file` if it is none or is truncated, `invalid-argument` if it holds other contents
   */
  static async open(path: string, contents: string): Promise<Bloom> {
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new DataError('not-found', `${path}: no such Bloom filter`)
      throw error
    })
    try {
      const start = Buffer.alloc(1024)
      const { bytesRead } = await file.read(start, 0, 1024, 0)
      const end = start.indexOf('\n', MAGIC.length)
      if (start.toString('latin1', 0, MAGIC.length) !== MAGIC || end < 0)
        throw corrupt(
          path,
          `begins with ${JSON.stringify(start.toString('latin1', 0, Math.min(12, bytesRead)))}`,
        )
      const header = parseHeader(path, start.toString('utf8', MAGIC.length, end))
      const { size } = await file.stat()
      if (size !== end + 1 + header.bytes)
        throw corrupt(path, `${size} bytes, expected ${end + 1 + header.bytes}`)
      if (header.contents !== contents)
        throw new DataError(
          'invalid-argument',
          `${path}: holds "${header.contents}", expected "${contents}"`,
          {
            hint: 'use the options that the filter was built with',
          },
        )
      const bits = new Uint8Array(header.bytes)
      // A read is at most 2^31 − 1 bytes long.
      for (let at = 0; at < bits.length; ) {
        const read = await file.read(bits, at, Math.min(bits.length - at, 1 << 30), end + 1 + at)
        if (read.bytesRead === 0) throw corrupt(path, 'ends early')
        at += read.bytesRead
      }
      const bloom = new Bloom(header, contents, header.seed, bits)
      bloom.#elements = header.elements
      return bloom
    } finally {
      await file.close()
    }
  }
}

function parseHeader(path: string, text: string): BloomHeader {
  try {
    const header = JSON.parse(text) as BloomHeader
    if (Number.isSafeInteger(header.bytes) && header.bytes > 0 && header.hashes > 0) return header
  } catch {}
  throw corrupt(path, `its header is ${text.slice(0, 80)}`)
}

const corrupt = (path: string, what: string) =>
  new DataError('corrupt-file', `${path}: ${what}`, {
    hint: 'expected a file that a Bloom filter was saved to',
  })

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): each bit depends on each. */
function mix(value: number): number {
  let v = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35)
  return (v ^ (v >>> 16)) >>> 0
}

/** The bits of a file that datatrove saved. */
export async function readDatatroveBits(path: string, bytes: number): Promise<Uint8Array> {
  const bits = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new DataError('not-found', `${path}: no such Bloom filter`)
    throw error
  })
  if (bits.length !== bytes) throw corrupt(path, `${bits.length} bytes, expected ${bytes} (bytes)`)
  return new Uint8Array(bits)
}
