import { cutAt, type LanguageModel } from './languageModel.ts'

const ORDER = 4
const BYTES = 256

/** What followed a context so far. */
interface Followers {
  readonly counts: Map<number, number>
  total: number
}

/**
 * Probabilities of the next byte from the bytes so far: counts of what followed the last one to four bytes, each order
 * interpolated with the one below by the number of different followers (Witten and Bell 1991), the last with equal ones.
 */
class ByteCounts {
  readonly #followers = new Map<string, Followers>()
  #recent = ''

  #contexts(): string[] {
    return Array.from({ length: Math.min(ORDER, this.#recent.length) + 1 }, (_, n) =>
      this.#recent.slice(this.#recent.length - n),
    )
  }

  /** What followed the contexts that were seen before, shortest first. */
  #seen(): Followers[] {
    return this.#contexts().flatMap((context) => this.#followers.get(context) ?? [])
  }

  probability(byte: number): number {
    return this.#seen().reduce(
      (lower, { counts, total }) => ((counts.get(byte) ?? 0) + counts.size * lower) / (total + counts.size),
      1 / BYTES,
    )
  }

  /** The most probable byte, of equals the first. A byte that never followed any of the contexts is not it. */
  best(): number {
    const candidates = new Set(this.#seen().flatMap(({ counts }) => [...counts.keys()]))
    let [best, most] = [0, 0]
    for (const byte of [...candidates].sort((a, b) => a - b)) {
      const own = this.probability(byte)
      if (own > most) [best, most] = [byte, own]
    }
    return best
  }

  learn(byte: number): void {
    for (const context of this.#contexts()) {
      const found = this.#followers.get(context) ?? { counts: new Map(), total: 0 }
      found.counts.set(byte, (found.counts.get(byte) ?? 0) + 1)
      found.total++
      this.#followers.set(context, found)
    }
    this.#recent = (this.#recent + String.fromCharCode(byte)).slice(-ORDER)
  }
}

function score(context: string, continuation: string): { logLikelihood: number; greedy: boolean } {
  const counts = new ByteCounts()
  for (const byte of Buffer.from(context)) counts.learn(byte)
  let [logLikelihood, greedy] = [0, true]
  for (const byte of Buffer.from(continuation)) {
    logLikelihood += Math.log(counts.probability(byte))
    greedy &&= counts.best() === byte
    counts.learn(byte)
  }
  return { logLikelihood, greedy }
}

function generate(prompt: string, until: readonly string[], maxTokens: number): string {
  const counts = new ByteCounts()
  for (const byte of Buffer.from(prompt)) counts.learn(byte)
  const written: number[] = []
  for (let i = 0; i < maxTokens; i++) {
    const byte = counts.best()
    written.push(byte)
    counts.learn(byte)
  }
  return cutAt(Buffer.from(written).toString('utf8'), until)
}

/**
 * The baseline of language tasks: a model that has read nothing but the text in front of it, byte by byte. What a language
 * model does not do better than this, it does not do by knowing a language.
 */
export const adaptiveBytes: LanguageModel = {
  name: 'adaptive-bytes',
  fingerprint: `adaptive bytes, order ${ORDER}, version 1`,
  scoreContinuations: async (pairs) => pairs.map((it) => score(it.context, it.continuation)),
  scoreTexts: async (texts) => texts.map((text) => score('', text).logLikelihood),
  generate: async (requests) =>
    requests.map(({ prompt, until, maxTokens }) => generate(prompt, until, maxTokens)),
  dispose: async () => {},
}
