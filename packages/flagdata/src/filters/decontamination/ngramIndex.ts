import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shinglesOfWords, wordsOf } from '../../dedup/shingles.ts'
import { type HashName, hash, hashBytes } from '../../dedup/textHash.ts'
import { DataError } from '../../errors.ts'
import { writeAtomic } from '../../writers/atomic.ts'

/** Which n-grams of an evaluation sample count, with the defaults of datatrove's `NGramsDecontConfig`. */
export interface NgramRules {
  /** Words per n-gram. */
  ngrams: number
  /** Whether n-grams of the query alone count. */
  findQuery: boolean
  /** Whether n-grams count that begin in the query and end in the label. */
  findOverlap: boolean
  hash: HashName
}

/** The n-grams of a sample, as words, in the order of datatrove: label, query, overlap. */
function* ngramsOfSample(
  { ngrams: n, findQuery, findOverlap }: NgramRules,
  label: string,
  query?: string,
): Generator<string[]> {
  const labelWords = wordsOf(label)
  for (let i = 0; i + n <= labelWords.length; i++) yield labelWords.slice(i, i + n)
  if (query === undefined) return
  const queryWords = wordsOf(query)
  if (findQuery) for (let i = 0; i + n <= queryWords.length; i++) yield queryWords.slice(i, i + n)
  if (!findOverlap) return
  // One word of the label and n − 1 of the query, then one more of the label and one fewer of the query, and so on.
  for (let ofLabel = 1; ofLabel < n; ofLabel++)
    if (queryWords.length >= n - ofLabel && labelWords.length >= ofLabel)
      yield [...queryWords.slice(ofLabel - n), ...labelWords.slice(0, ofLabel)]
}

/**
 * Hashes of 64 bits of n-grams, each with the task that it comes from; of two tasks with the same n-gram the later one is
 * named, as in datatrove. Memory: 12 bytes per slot, 24 to 48 per n-gram.
 */
export class NgramIndex {
  readonly tasks: string[] = []
  #lows = new Uint32Array(1024)
  #highs = new Uint32Array(1024)
  /** Number of the task plus one; 0 is a free slot. */
  #taskOf = new Uint32Array(1024)
  #size = 0

  /** Distinct n-grams. */
  get size(): number {
    return this.#size
  }

  #slot(low: number, high: number): number {
    const mask = this.#taskOf.length - 1
    let slot = (low ^ high) & mask
    while (this.#taskOf[slot] !== 0 && (this.#lows[slot] !== low || this.#highs[slot] !== high))
      slot = (slot + 1) & mask
    return slot
  }

  add(low: number, high: number, task: string): void {
    if (2 * this.#size >= this.#taskOf.length) this.#grow()
    let number = this.tasks.indexOf(task)
    if (number < 0) number = this.tasks.push(task) - 1
    const slot = this.#slot(low, high)
    if (this.#taskOf[slot] === 0) this.#size++
    this.#lows[slot] = low
    this.#highs[slot] = high
    this.#taskOf[slot] = number + 1
  }

  /** The task of an n-gram, if it is known. */
  find(low: number, high: number): string | undefined {
    const task = this.#taskOf[this.#slot(low, high)]
    return task === 0 ? undefined : this.tasks[task - 1]
  }

  #grow(): void {
    const [lows, highs, tasks] = [this.#lows, this.#highs, this.#taskOf]
    const length = 2 * tasks.length
    this.#lows = new Uint32Array(length)
    this.#highs = new Uint32Array(length)
    this.#taskOf = new Uint32Array(length)
    for (let i = 0; i < tasks.length; i++) {
      if (tasks[i] === 0) continue
      const slot = this.#slot(lows[i], highs[i])
      this.#lows[slot] = lows[i]
      this.#highs[slot] = highs[i]
      this.#taskOf[slot] = tasks[i]
    }
  }

  /** Adds the n-grams of an evaluation sample: what is to be answered (`query`) and the answer (`label`). */
  addSample(rules: NgramRules, task: string, label: string, query?: string): void {
    for (const words of ngramsOfSample(rules, label, query)) {
      const bytes = Buffer.from(words.join(' '))
      hashBytes(bytes, 0, bytes.length, rules.hash)
      this.add(hash.low, hash.high, task)
    }
  }

  /** The first n-gram of a text that is in the index. */
  findIn(text: string, { ngrams, hash: name }: NgramRules): { task: string; ngram: string } | undefined {
    const words = wordsOf(text)
    const shingles = shinglesOfWords(words, ngrams)
    for (let i = 0; i < shingles.count; i++) {
      hashBytes(shingles.bytes, shingles.start(i), shingles.end(i), name)
      const task = this.find(hash.low, hash.high)
      if (task !== undefined) return { task, ngram: words.slice(i, i + ngrams).join(' ') }
    }
    return undefined
  }

  /** Writes datatrove's `{task}.index.hashes`, hashes of 64 bits in ascending order; spaces of a task's name become `_`. */
  async save(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true })
    const byTask = this.tasks.map(() => [] as bigint[])
    this.#taskOf.forEach((task, i) => {
      if (task > 0) byTask[task - 1].push((BigInt(this.#highs[i]) << 32n) | BigInt(this.#lows[i]))
    })
    for (const [i, task] of this.tasks.entries()) {
      const hashes = BigUint64Array.from(byTask[i]).sort()
      const name = `${task.replaceAll(' ', '_').replaceAll('/', '_')}.index.hashes`
      await writeAtomic(join(folder, name), new Uint8Array(hashes.buffer))
    }
  }

  /**
   * Adds the hashes of a folder of `{task}.index.hashes`.
   *
   * @throws DataError `not-found` if there is none, `corrupt-file` if a file is truncated
   */
  async load(folder: string): Promise<void> {
    const names = (await readdir(folder).catch(() => []))
      .filter((name) => name.endsWith('.index.hashes'))
      .sort()
    if (names.length === 0)
      throw new DataError('not-found', `${folder}: no file {task}.index.hashes`, {
        hint: 'give a folder that a decontamination index was written to',
      })
    for (const name of names) {
      const bytes = await readFile(join(folder, name))
      if (bytes.length % 8 !== 0)
        throw new DataError(
          'corrupt-file',
          `${join(folder, name)}: ${bytes.length} bytes, expected a multiple of 8`,
        )
      const task = name.slice(0, -'.index.hashes'.length)
      for (let at = 0; at < bytes.length; at += 8)
        this.add(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), task)
    }
  }
}
