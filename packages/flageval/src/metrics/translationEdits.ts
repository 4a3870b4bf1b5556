import { type Corpus, checkCorpus, wordsOf } from './corpus.ts'

// Limits of Tercom, and one of sacrebleu's own on the number of shifts tried.
const LONGEST_SHIFT = 10
const FARTHEST_SHIFT = 50
const BEAM = 25
const CANDIDATES = 1000

type Operation = 'keep' | 'replace' | 'insert' | 'delete'

interface Edits {
  readonly cost: number
  /** From the answer to the reference, in order. */
  readonly operations: readonly Operation[]
}

/** The fewest edits that make the answer the reference, looked for near the diagonal. */
function editsOf(answer: readonly string[], reference: readonly string[]): Edits {
  const width = reference.length + 1
  const costs = Array.from({ length: answer.length + 1 }, () =>
    new Float64Array(width).fill(Number.POSITIVE_INFINITY),
  )
  const steps: Operation[][] = costs.map(() => [])
  for (let j = 0; j < width; j++) {
    costs[0][j] = j
    steps[0][j] = 'insert'
  }
  const ratio = answer.length > 0 ? reference.length / answer.length : 1
  const beam = BEAM < ratio / 2 ? Math.ceil(ratio / 2 + BEAM) : BEAM
  for (let i = 1; i <= answer.length; i++) {
    const diagonal = Math.floor(i * ratio)
    const end = i === answer.length ? width : Math.min(width, diagonal + beam)
    for (let j = Math.max(0, diagonal - beam); j < end; j++) {
      if (j === 0) {
        costs[i][0] = costs[i - 1][0] + 1
        steps[i][0] = 'delete'
        continue
      }
      const same = answer[i - 1] === reference[j - 1]
      // The order decides between equal costs.
      const ways: readonly [number, Operation][] = [
        [costs[i - 1][j - 1] + (same ? 0 : 1), same ? 'keep' : 'replace'],
        [costs[i - 1][j] + 1, 'delete'],
        [costs[i][j - 1] + 1, 'insert'],
      ]
      for (const [cost, step] of ways) {
        if (cost < costs[i][j]) {
          costs[i][j] = cost
          steps[i][j] = step
        }
      }
    }
  }
  const operations: Operation[] = []
  for (let [i, j] = [answer.length, reference.length]; i > 0 || j > 0; ) {
    const step = steps[i][j]
    operations.unshift(step)
    if (step !== 'insert') i--
    if (step !== 'delete') j--
  }
  return { cost: costs[answer.length][reference.length], operations }
}

interface Alignment {
  /** The place in the answer that each place of the reference belongs to. */
  readonly places: readonly number[]
  readonly wrongInAnswer: readonly boolean[]
  readonly wrongInReference: readonly boolean[]
}

function alignmentOf(operations: readonly Operation[]): Alignment {
  const places: number[] = []
  const wrongInAnswer: boolean[] = []
  const wrongInReference: boolean[] = []
  for (const operation of operations) {
    const wrong = operation !== 'keep'
    if (operation !== 'insert') wrongInAnswer.push(wrong)
    if (operation !== 'delete') {
      places.push(wrongInAnswer.length - 1)
      wrongInReference.push(wrong)
    }
  }
  return { places, wrongInAnswer, wrongInReference }
}

/** Words from `start` moved to before `target`. */
function moved(words: readonly string[], start: number, length: number, target: number): string[] {
  const block = words.slice(start, start + length)
  if (target < start)
    return [
      ...words.slice(0, target),
      ...block,
      ...words.slice(target, start),
      ...words.slice(start + length),
    ]
  const end = target > start + length ? target : target + length
  return [...words.slice(0, start), ...words.slice(start + length, end), ...block, ...words.slice(end)]
}

/** Runs of words that both sides have, as starts and length. */
function* sharedRuns(answer: readonly string[], reference: readonly string[]) {
  for (let i = 0; i < answer.length; i++) {
    for (let j = 0; j < reference.length; j++) {
      if (Math.abs(j - i) > FARTHEST_SHIFT) continue
      for (let length = 1; length <= LONGEST_SHIFT; length++) {
        if (i + length > answer.length || j + length > reference.length) break
        if (answer[i + length - 1] !== reference[j + length - 1]) break
        yield [i, j, length] as const
      }
    }
  }
}

interface Shift {
  /** Saved edits, length, −start, −target: the greatest wins, by the first that differs. */
  readonly rank: readonly number[]
  readonly words: string[]
}

const outranks = (a: readonly number[], b: readonly number[]) => {
  const at = a.findIndex((value, i) => value !== b[i])
  return at !== -1 && a[at] > b[at]
}

/** The shift that saves most edits, after Tercom's rules, and how many were tried. */
function bestShift(answer: readonly string[], reference: readonly string[], tried: number) {
  const before = editsOf(answer, reference)
  const { places, wrongInAnswer, wrongInReference } = alignmentOf(before.operations)
  let best: Shift | undefined
  let count = tried
  for (const [start, goal, length] of sharedRuns(answer, reference)) {
    if (!wrongInAnswer.slice(start, start + length).some(Boolean)) continue
    if (!wrongInReference.slice(goal, goal + length).some(Boolean)) continue
    if (places[goal] >= start && places[goal] < start + length) continue
    let last = -1
    for (let offset = -1; offset < length; offset++) {
      const at = goal + offset
      if (at >= places.length) break
      const target = at === -1 ? 0 : places[at] + 1
      if (target === last) continue
      last = target
      const words = moved(answer, start, length, target)
      const rank = [before.cost - editsOf(words, reference).cost, length, -start, -target]
      count++
      if (best === undefined || outranks(rank, best.rank)) best = { rank, words }
    }
    if (count >= CANDIDATES) break
  }
  return { best, tried: count }
}

/** Edits and shifts of blocks that make the answer the reference. */
function countEdits(answer: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return answer.length
  let words = answer
  let [shifts, tried] = [0, 0]
  for (;;) {
    const step = bestShift(words, reference, tried)
    tried = step.tried
    if (tried >= CANDIDATES || step.best === undefined || step.best.rank[0] <= 0) break
    shifts++
    words = step.best.words
  }
  return shifts + editsOf(words, reference).cost
}

/**
 * Translation edit rate of a corpus in percent (Snover et al. 2006): insertions, deletions, replacements and shifts of
 * blocks, by the fewest over the references, over their mean length. Case is not looked at. Equal to sacrebleu's
 * `corpus_ter`. Lower is better. Throws `invalid-argument`.
 */
export function translationEdits(corpus: Corpus): number {
  checkCorpus(corpus)
  let [edits, length] = [0, 0]
  corpus.answers.forEach((answer, i) => {
    const words = wordsOf(answer.toLowerCase())
    const references = corpus.references[i].map((text) => wordsOf(text.toLowerCase()))
    edits += Math.min(...references.map((reference) => countEdits(words, reference)))
    length += references.reduce((sum, reference) => sum + reference.length, 0) / references.length
  })
  return 100 * (length > 0 ? edits / length : edits > 0 ? 1 : 0)
}
