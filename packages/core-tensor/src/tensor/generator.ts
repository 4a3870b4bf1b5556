import { FlagError } from '../errors.ts'
import { boxMuller16 } from './boxMuller.ts'
import { type Shape, sizeOf, Tensor } from './tensor.ts'

const WORDS = 624
const MIDDLE = 397
/** From this size on PyTorch permutes by another algorithm: 2^32 / 20. */
const WIDE_PERMUTATION = 214748364
/** Bytes of `torch.Generator.get_state()` on the CPU. */
const STATE_BYTES = 5056
/** Places in that state: the words follow seed, left, seeded, next; then the waiting normal sample. */
const AT = { seed: 0, left: 8, seeded: 12, next: 16, words: 24, normal: 5024, hasNormal: 5040 } as const

/**
 * Random numbers bit-equal to a `torch.Generator` on the CPU: 32-bit Mersenne twister (Matsumoto and Nishimura
 * 1998) and PyTorch's ways of drawing from it. Verified against torch 2.13 on x86-64; see `boxMuller.ts` for the
 * one dependence on the processor, in `randn` of 16 samples and more.
 *
 * The state can be saved and restored in PyTorch's own format, so a resumed run continues exactly.
 */
export class Generator {
  readonly #words = new Uint32Array(WORDS)
  #seed = 0n
  /** Words still to come before the next twist, plus one, and the place of the next: kept as PyTorch keeps them. */
  #left = 1
  #next = 0
  /** Second sample of the last scalar Box-Muller pair. */
  #normal: number | undefined

  /** `seed` is taken modulo 2^64, as an unsigned integer. Throws `invalid-argument` for a fraction. */
  constructor(seed: number | bigint) {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
      throw new FlagError('invalid-argument', `the seed is ${seed}, expected an integer`, {
        hint: 'use a bigint for seeds beyond 2^53',
      })
    }
    this.#seed = BigInt.asUintN(64, BigInt(seed))
    let word = Number(this.#seed & 0xffffffffn)
    this.#words[0] = word
    for (let i = 1; i < WORDS; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0
      this.#words[i] = word
    }
  }

  #twist(): void {
    const words = this.#words
    for (let i = 0; i < WORDS; i++) {
      const y = (words[i] & 0x80000000) | (words[(i + 1) % WORDS] & 0x7fffffff)
      words[i] = words[(i + MIDDLE) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#left = WORDS
    this.#next = 0
  }

  /** The next 32 random bits, as an unsigned integer. */
  uint32(): number {
    this.#left -= 1
    if (this.#left === 0) this.#twist()
    let y = this.#words[this.#next++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** The next 64 random bits, as an unsigned integer. */
  uint64(): bigint {
    const high = BigInt(this.uint32())
    return (high << 32n) | BigInt(this.uint32())
  }

  #uniform32(): number {
    return (this.uint32() & 0xffffff) / 0x1000000
  }

  /** 53 random bits over 2^53. */
  #uniform64(): number {
    const high = this.uint32() & 0x1fffff
    return (high * 0x100000000 + this.uint32()) / 0x20000000000000
  }

  /** Uniform in [0, 1), float32, as `torch.rand`. */
  rand(shape: Shape): Tensor<'float32'> {
    const data = new Float32Array(sizeOf(shape))
    for (let i = 0; i < data.length; i++) data[i] = this.#uniform32()
    return new Tensor('float32', shape, data)
  }

  /** Standard normal, float32, as `torch.randn`. */
  randn(shape: Shape): Tensor<'float32'> {
    const data = new Float32Array(sizeOf(shape))
    if (data.length < 16) {
      for (let i = 0; i < data.length; i++) data[i] = this.#scalarNormal()
      return new Tensor('float32', shape, data)
    }
    for (let i = 0; i < data.length; i++) data[i] = this.#uniform32()
    for (let i = 0; i + 16 <= data.length; i += 16) boxMuller16(data, i)
    if (data.length % 16 !== 0) {
      // PyTorch draws the last sixteen anew rather than shape a shorter tail.
      const tail = data.length - 16
      for (let i = tail; i < data.length; i++) data[i] = this.#uniform32()
      boxMuller16(data, tail)
    }
    return new Tensor('float32', shape, data)
  }

  /** Box-Muller in double precision; every second call returns what the first left over. */
  #scalarNormal(): number {
    const waiting = this.#normal
    if (waiting !== undefined) {
      this.#normal = undefined
      return waiting
    }
    const u1 = this.#uniform64()
    const u2 = this.#uniform64()
    const radius = Math.sqrt(-2 * Math.log1p(-u2))
    const theta = 2 * Math.PI * u1
    this.#normal = radius * Math.sin(theta)
    return radius * Math.cos(theta)
  }

  /** A random order of 0 … n - 1, int64 `[n]`, as `torch.randperm`. */
  randperm(n: number): Tensor<'int64'> {
    const size = sizeOf([n])
    const order = new BigInt64Array(size)
    if (size >= WIDE_PERMUTATION) this.#shuffleInsideOut(order)
    else this.#shuffle(order)
    return new Tensor('int64', [size], order)
  }

  #shuffle(order: BigInt64Array): void {
    const size = order.length
    for (let i = 0; i < size; i++) order[i] = BigInt(i)
    for (let i = 0; i < size - 1; i++) {
      const j = i + (this.uint32() % (size - i))
      const swapped = order[i]
      order[i] = order[j]
      order[j] = swapped
    }
  }

  /** For sizes where the remainder of 32 bits would be visibly uneven. */
  #shuffleInsideOut(order: BigInt64Array): void {
    for (let i = 0n; i < order.length; i++) {
      const j = Number(this.uint64() % (i + 1n))
      order[Number(i)] = order[j]
      order[j] = i
    }
  }

  /** Uniform integers in [low, high), int64, as `torch.randint`. Throws `invalid-argument` unless low < high. */
  randint(low: number | bigint, high: number | bigint, shape: Shape): Tensor<'int64'> {
    const base = BigInt(low)
    const range = BigInt(high) - base
    if (range <= 0n || range >= 1n << 64n) {
      throw new FlagError(
        'invalid-argument',
        `randint from ${low} to ${high}: expected low < high, within 64 bits`,
      )
    }
    const data = new BigInt64Array(sizeOf(shape))
    const wide = range >= 1n << 28n
    for (let i = 0; i < data.length; i++)
      data[i] = base + ((wide ? this.uint64() : BigInt(this.uint32())) % range)
    return new Tensor('int64', shape, data)
  }

  /** 1 with probability `p`, else 0, float32, as `torch.bernoulli(torch.full(shape, p))`. */
  bernoulli(p: number, shape: Shape): Tensor<'float32'> {
    if (!(p >= 0 && p <= 1)) throw new FlagError('invalid-argument', `bernoulli: p is ${p}, expected 0 to 1`)
    const data = new Float32Array(sizeOf(shape))
    const threshold = Math.fround(p)
    for (let i = 0; i < data.length; i++) data[i] = this.#uniform32() < threshold ? 1 : 0
    return new Tensor('float32', shape, data)
  }

  /** The whole state, in the bytes of `torch.Generator.get_state()`. */
  getState(): Uint8Array {
    const bytes = new Uint8Array(STATE_BYTES)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(AT.seed, this.#seed, true)
    view.setInt32(AT.left, this.#left, true)
    view.setInt32(AT.seeded, 1, true)
    view.setBigUint64(AT.next, BigInt(this.#next), true)
    for (let i = 0; i < WORDS; i++) view.setUint32(AT.words + 8 * i, this.#words[i], true)
    if (this.#normal !== undefined) {
      view.setFloat64(AT.normal, this.#normal, true)
      view.setInt32(AT.hasNormal, 1, true)
    }
    return bytes
  }

  /** Continues where `getState` was called, here or in PyTorch. Throws `invalid-argument` for other bytes. */
  setState(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const size = bytes.byteLength
    const left = size === STATE_BYTES ? view.getInt32(AT.left, true) : 0
    const next = size === STATE_BYTES ? view.getBigUint64(AT.next, true) : 0n
    const unused = left === 1 && next === 0n
    if (left < 1 || left > WORDS || (!unused && next !== BigInt(WORDS + 1 - left))) {
      throw new FlagError(
        'invalid-argument',
        `generator state of ${size} bytes is not one of torch's CPU generator`,
        {
          hint: `expected the ${STATE_BYTES} bytes that getState() returned`,
        },
      )
    }
    this.#seed = view.getBigUint64(AT.seed, true)
    this.#left = left
    this.#next = Number(next)
    for (let i = 0; i < WORDS; i++) this.#words[i] = view.getUint32(AT.words + 8 * i, true)
    this.#normal = view.getInt32(AT.hasNormal, true) === 0 ? undefined : view.getFloat64(AT.normal, true)
  }
}
