import { type Corpus, type Counts, checkCorpus, countRuns, wordsOf } from './corpus.ts'

const ORDERS = [1, 2, 3, 4]

/** Words and signs as `mteval-v13a` of NIST cuts them, which is sacrebleu's default (Post 2018, arXiv 1804.08771). */
function tokenize13a(text: string): string[] {
  const line = text
    .trimEnd()
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
  const parted = ` ${line} `
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')
  return wordsOf(parted)
}

const runsOf = (words: readonly string[]): Counts[] => ORDERS.map((n) => countRuns(words, n, ' '))

/** The length nearest to `length`; of equally near ones the shorter. */
const nearest = (length: number, others: readonly number[]) =>
  others.reduce((best, other) => {
    const [now, before] = [Math.abs(other - length), Math.abs(best - length)]
    return now < before || (now === before && other < best) ? other : best
  })

/**
 * BLEU of a corpus in percent (Papineni et al. 2002): geometric mean of the clipped precisions of one to four words times
 * the brevity penalty, exp(1 − references/answers) where the answers are shorter. Orders without a match are smoothed by
 * 1/2, 1/4 … of a match, as NIST does. Equal to sacrebleu's `corpus_bleu`. Throws `invalid-argument`.
 */
export function bleu(corpus: Corpus): number {
  checkCorpus(corpus)
  const correct = ORDERS.map(() => 0)
  const total = ORDERS.map(() => 0)
  let [answered, referred] = [0, 0]
  corpus.answers.forEach((answer, i) => {
    const words = tokenize13a(answer)
    const references = corpus.references[i].map(tokenize13a)
    const theirs = references.map(runsOf)
    answered += words.length
    referred += nearest(
      words.length,
      references.map(({ length }) => length),
    )
    runsOf(words).forEach((runs, order) => {
      for (const [run, count] of runs) {
        total[order] += count
        correct[order] += Math.min(count, Math.max(...theirs.map((counts) => counts[order].get(run) ?? 0)))
      }
    })
  })
  if (correct.every((count) => count === 0)) return 0
  const brevity = answered < referred ? Math.exp(1 - referred / answered) : 1
  let smoothing = 1
  // An order that no answer is long enough for ends the list, and the score is 0.
  const logs = ORDERS.map((_, i) => {
    if (total[i] === 0) return Number.NEGATIVE_INFINITY
    if (correct[i] > 0) return Math.log((100 * correct[i]) / total[i])
    smoothing *= 2
    return Math.log(100 / (smoothing * total[i]))
  })
  return brevity * Math.exp(logs.reduce((sum, log) => sum + log, 0) / ORDERS.length)
}
