import { FlagError, Generator } from '@flag/core-tensor'

const WORDS = 624

/**
 * Python's `random.Random(seed)`: the 32-bit Mersenne twister seeded by `init_by_array` (Matsumoto and Nishimura 2002)
 * and CPython's ways of drawing from it. lm-eval's few-shot samples and bootstrap depend on every bit of it.
 */
export class PythonRandom {
  readonly #generator: Generator

  /** Python seeds with the absolute value of the integer. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new FlagError('invalid-argument', `the seed is ${seed}, expected an integer`)
    }
    this.#generator = new Generator(19650218)
    const state = this.#generator.getState()
    const view = new DataView(state.buffer)
    // PyTorch's state keeps each word in eight bytes, after 24 bytes of counters.
    const at = (i: number) => 24 + 8 * i
    const words = Uint32Array.from({ length: WORDS }, (_, i) => view.getUint32(at(i), true))
    mixKey(words, keyOf(Math.abs(seed)))
    words.forEach((word, i) => void view.setUint32(at(i), word, true))
    this.#generator.setState(state)
  }

  /** `getrandbits(bits)` for 1 to 32 bits. */
  bits(bits: number): number {
    return this.#generator.uint32() >>> (32 - bits)
  }

  /** `random()`: uniform in [0, 1), 53 bits. */
  random(): number {
    const high = this.#generator.uint32() >>> 5
    const low = this.#generator.uint32() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** `randrange(n)`: bits until they are below n. */
  below(n: number): number {
    const bits = 32 - Math.clz32(n)
    let drawn = this.bits(bits)
    while (drawn >= n) drawn = this.bits(bits)
    return drawn
  }

  /** `sample(population, k)`. Throws `invalid-argument` when the population is smaller. */
  sample<T>(population: readonly T[], k: number): T[] {
    const n = population.length
    if (!(k >= 0 && k <= n)) {
      throw new FlagError('invalid-argument', `a sample of ${k} was asked of ${n}`)
    }
    // CPython keeps a pool where that is smaller than a set of what was drawn.
    let setSize = 21
    if (k > 5) setSize += 4 ** Math.ceil(Math.log(k * 3) / Math.log(4))
    if (n <= setSize) {
      const pool = [...population]
      return Array.from({ length: k }, (_, i) => {
        const j = this.below(n - i)
        const chosen = pool[j]
        pool[j] = pool[n - i - 1]
        return chosen
      })
    }
    const taken = new Set<number>()
    return Array.from({ length: k }, () => {
      let j = this.below(n)
      while (taken.has(j)) j = this.below(n)
      taken.add(j)
      return population[j]
    })
  }

  /** `shuffle(list)`, in place. */
  shuffle<T>(list: T[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = list[i]
      list[i] = list[j]
      list[j] = swapped
    }
  }

  /** The places that `choices(range(n), k=n)` draws, with repetition. */
  places(n: number): Int32Array {
    return Int32Array.from({ length: n }, () => Math.floor(this.random() * n))
  }
}

/** The 32-bit parts of the seed, lowest first. */
function keyOf(seed: number): number[] {
  const high = Math.floor(seed / 0x100000000)
  return high === 0 ? [seed >>> 0] : [seed >>> 0, high]
}

/** `init_by_array` over a state that `init_genrand(19650218)` made. */
function mixKey(words: Uint32Array, key: readonly number[]): void {
  let i = 1
  const mixed = (factor: number) => Math.imul(words[i - 1] ^ (words[i - 1] >>> 30), factor)
  const step = () => {
    i++
    if (i >= WORDS) {
      words[0] = words[WORDS - 1]
      i = 1
    }
  }
  for (let k = 0; k < Math.max(WORDS, key.length); k++) {
    const j = k % key.length
    words[i] = (words[i] ^ mixed(1664525)) + key[j] + j
    step()
  }
  for (let k = 0; k < WORDS - 1; k++) {
    words[i] = (words[i] ^ mixed(1566083941)) - i
    step()
  }
  words[0] = 0x80000000
}
