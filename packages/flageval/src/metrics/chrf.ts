import { type Corpus, type Counts, checkCorpus, countRuns, wordsOf } from './corpus.ts'

const CHARACTERS = 6
const RECALL_WEIGHT = 2 ** 2

const isPunctuation = (char: string) => /[!-/:-@[-`{-~]/.test(char)

/** Words with one sign at their end, else at their start, taken off. */
function chrfWords(text: string): string[] {
  return wordsOf(text).flatMap((word) => {
    const units = [...word]
    if (units.length === 1) return [word]
    if (isPunctuation(units[units.length - 1])) return [units.slice(0, -1).join(''), units[units.length - 1]]
    return isPunctuation(units[0]) ? [units[0], units.slice(1).join('')] : [word]
  })
}

function runsOf(text: string, wordOrders: number): Counts[] {
  const characters = [...text.replace(/\s+/gu, '')]
  const words = wordOrders > 0 ? chrfWords(text) : []
  return [
    ...Array.from({ length: CHARACTERS }, (_, n) => countRuns(characters, n + 1, '')),
    ...Array.from({ length: wordOrders }, (_, n) => countRuns(words, n + 1, ' ')),
  ]
}

const sizeOf = (counts: Counts) => [...counts.values()].reduce((sum, count) => sum + count, 0)

/** Per order: runs of the answer, of the reference, of both. */
type Matches = readonly (readonly [answer: number, reference: number, both: number])[]

function matchesOf(answer: readonly Counts[], reference: readonly Counts[]): Matches {
  return answer.map((own, order) => {
    const other = reference[order]
    let both = 0
    for (const [run, count] of own) both += Math.min(count, other.get(run) ?? 0)
    // What no reference has cannot be hit, and does not count.
    return [other.size > 0 ? sizeOf(own) : 0, sizeOf(other), both]
  })
}

/** F₂ of the mean precision and recall over the orders that both sides have, in percent. */
function score(matches: Matches): number {
  const present = matches.filter(([answer, reference]) => answer > 0 && reference > 0)
  if (present.length === 0) return 0
  const mean = (part: (match: Matches[number]) => number) =>
    present.reduce((sum, match) => sum + part(match), 0) / present.length
  const precision = mean(([answer, , both]) => both / answer)
  const recall = mean(([, reference, both]) => both / reference)
  if (precision + recall === 0) return 0
  return (100 * (1 + RECALL_WEIGHT) * precision * recall) / (RECALL_WEIGHT * precision + recall)
}

/**
 * chrF of a corpus in percent (Popović 2015): F₂ of runs of one to six characters, white space left out; with `words: 2`
 * chrF++ (Popović 2017). Of several references the best counts. Equal to sacrebleu's `corpus_chrf`. Throws
 * `invalid-argument`.
 */
export function chrf(corpus: Corpus, { words = 0 }: { words?: number } = {}): number {
  checkCorpus(corpus)
  const totals = Array.from({ length: CHARACTERS + words }, (): [number, number, number] => [0, 0, 0])
  corpus.answers.forEach((answer, i) => {
    const own = runsOf(answer, words)
    let best: { value: number; matches: Matches } | undefined
    for (const reference of corpus.references[i]) {
      const matches = matchesOf(own, runsOf(reference, words))
      const value = score(matches)
      if (best === undefined || value > best.value) best = { value, matches }
    }
    best?.matches.forEach((match, order) => {
      for (let k = 0; k < 3; k++) totals[order][k] += match[k]
    })
  })
  return score(totals)
}
