import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markedSpans, markRepeats } from './repeats.ts'
import { suffixArray } from './suffixArray.ts'

/** Suffixes sorted by comparing them. */
function sorted(sequence: readonly number[]): number[] {
  const compare = (a: number, b: number): number => {
    for (let k = 0; ; k++) {
      if (a + k === sequence.length) return -1
      if (b + k === sequence.length) return 1
      if (sequence[a + k] !== sequence[b + k]) return sequence[a + k] - sequence[b + k]
    }
  }
  return sequence.map((_, i) => i).sort((a, b) => (a === b ? 0 : compare(a, b)))
}

describe('suffix arrays', () => {
  it('are those of sorting, for few and many letters', () => {
    const sequences = fc
      .integer({ min: 1, max: 5 })
      .chain((letters) => fc.array(fc.integer({ min: 0, max: letters - 1 }), { maxLength: 60 }))
    fc.assert(
      fc.property(sequences, (sequence) => {
        expect(Array.from(suffixArray(Uint8Array.from(sequence), 5))).toEqual(sorted(sequence))
        expect(Array.from(suffixArray(Int32Array.from(sequence), 5))).toEqual(sorted(sequence))
      }),
      { numRuns: 500 },
    )
  })

  it('are right where all is equal, periodic or a Fibonacci word', () => {
    let [word, next] = [[0], [0, 1]]
    while (next.length < 3000) [word, next] = [next, [...next, ...word]]
    const equal = new Array(2000).fill(3)
    const periodic = Array.from({ length: 2001 }, (_, i) => i % 3)
    for (const sequence of [next, equal, periodic])
      expect(Array.from(suffixArray(Uint8Array.from(sequence), 4))).toEqual(sorted(sequence))
  })
})

/** Marks by looking at every window and every other place. */
function bruteForce(documents: readonly number[][], length: number, keep: 'first' | 'none'): number[][] {
  const windows = documents.flatMap((document, d) =>
    document.flatMap((_, i) =>
      i + length <= document.length ? [{ d, i, key: document.slice(i, i + length).join() }] : [],
    ),
  )
  const marks = documents.map((document) => document.map(() => 0))
  windows.forEach(({ d, i, key }, at) => {
    const repeats = windows.some((other, k) => other.key === key && (keep === 'first' ? k < at : k !== at))
    if (repeats) marks[d].fill(1, i, i + length)
  })
  return marks
}

describe('repeated passages', () => {
  const corpora = fc.record({
    documents: fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 25 }), { maxLength: 6 }),
    length: fc.integer({ min: 1, max: 6 }),
    keep: fc.constantFrom('first' as const, 'none' as const),
  })

  it('are those that comparing all windows finds', () => {
    fc.assert(
      fc.property(corpora, ({ documents, length, keep }) => {
        const starts = [0]
        for (const { length } of documents) starts.push(starts[starts.length - 1] + length)
        const corpus = {
          sequence: Int32Array.from(documents.flat()),
          alphabet: 3,
          starts: Uint32Array.from(starts),
        }
        const marks = markRepeats(corpus, length, keep)
        const found = documents.map((document, d) => {
          const row = document.map(() => 0)
          for (const { start, end } of markedSpans(marks, starts[d], starts[d + 1])) row.fill(1, start, end)
          return row
        })
        expect(found).toEqual(bruteForce(documents, length, keep))
      }),
      { numRuns: 1000 },
    )
  })
})
