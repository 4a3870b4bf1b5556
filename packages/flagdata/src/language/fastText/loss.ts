import { DataError } from '../../errors.ts'
import type { LossName } from './arguments.ts'
import { expf, stdLog } from './float.ts'
import type { Matrix } from './matrix.ts'
import { popHeap, pushHeap, sortHeap } from './order.ts'

const { fround, log } = Math

/** A label and the logarithm of its probability. */
interface Scored {
  label: number
  score: number
}

/** The k best labels for a hidden vector, best first. */
export type Predict = (hidden: Float32Array, k: number, threshold: number) => Scored[]

const isBetter = (a: Scored, b: Scored) => a.score > b.score

/** The k best labels so far, in a heap whose root is the worst of them. */
class Best {
  readonly #heap: Scored[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Whether as many are kept as are wanted, all of them better. */
  isBelow(score: number): boolean {
    return this.#heap.length === this.#most && score < this.#heap[0].score
  }

  add(label: number, score: number): void {
    pushHeap(this.#heap, { label, score }, isBetter)
    if (this.#heap.length > this.#most) popHeap(this.#heap, isBetter)
  }

  sorted(): Scored[] {
    sortHeap(this.#heap, isBetter)
    return this.#heap
  }
}

/** What a loss makes of the hidden vector when a model predicts. */
export function predictorOf(loss: LossName, output: Matrix, labelCounts: Float64Array): Predict {
  if (loss === 'hs') return hierarchicalSoftmax(output, labelCounts)
  const fill = loss === 'softmax' ? softmax : binaryLogistic
  const scores = new Float32Array(output.rows)
  return (hidden, k, threshold) => {
    fill(output, hidden, scores)
    const best = new Best(k)
    for (let i = 0; i < scores.length; i++) {
      if (scores[i] < threshold) continue
      const score = stdLog(scores[i])
      if (!best.isBelow(score)) best.add(i, score)
    }
    return best.sorted()
  }
}

/** Probabilities that sum to one. */
export function softmax(output: Matrix, hidden: Float32Array, scores: Float32Array): void {
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    scores[i] = output.dotRow(hidden, i)
    max = Math.max(max, scores[i])
  }
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    scores[i] = Math.exp(fround(scores[i] - max))
    sum = fround(sum + scores[i])
  }
  for (let i = 0; i < scores.length; i++) scores[i] = fround(scores[i] / sum)
}

const MAX_SIGMOID = 8
const SIGMOID_STEPS = 512
const SIGMOIDS = Float32Array.from({ length: SIGMOID_STEPS + 1 }, (_, i) => {
  const x = fround(fround((i * 2 * MAX_SIGMOID) / SIGMOID_STEPS) - MAX_SIGMOID)
  return 1 / (1 + expf(-x))
})

/** fastText's sigmoid: one of 513 values from a table. */
export function sigmoid(x: number): number {
  if (x < -MAX_SIGMOID) return 0
  if (x > MAX_SIGMOID) return 1
  return SIGMOIDS[Math.trunc(fround(fround(x + MAX_SIGMOID) * (SIGMOID_STEPS / MAX_SIGMOID / 2)))]
}

/** A probability of its own for every label: negative sampling and one-vs-all. */
function binaryLogistic(output: Matrix, hidden: Float32Array, scores: Float32Array): void {
  for (let i = 0; i < scores.length; i++) scores[i] = sigmoid(output.dotRow(hidden, i))
}

/** A binary tree over the labels, frequent ones near its root. Nodes below `leaves` are labels; the root is the last. */
export interface Tree {
  leaves: number
  parent: Int32Array
  left: Int32Array
  right: Int32Array
  /** Whether a node is the right one of its parent's two. */
  isRight: Uint8Array
}

/**
 * The Huffman tree of labels that are sorted by count, descending.
 *
 * @throws DataError `invalid-argument` for counts that no text has
 */
export function huffmanTree(counts: Float64Array): Tree {
  const leaves = counts.length
  const size = 2 * leaves - 1
  const [parent, left, right] = [0, 1, 2].map(() => new Int32Array(size).fill(-1))
  const isRight = new Uint8Array(size)
  const count = new Float64Array(size).fill(1e15)
  count.set(counts)
  let leaf = leaves - 1
  let node = leaves
  for (let i = leaves; i < size; i++) {
    const pair = [0, 0]
    for (let j = 0; j < 2; j++) pair[j] = leaf >= 0 && count[leaf] < count[node] ? leaf-- : node++
    if (pair[0] >= i || pair[1] >= i)
      throw new DataError('invalid-argument', 'counts of labels from which no tree can be made')
    left[i] = pair[0]
    right[i] = pair[1]
    count[i] = count[pair[0]] + count[pair[1]]
    parent[pair[0]] = parent[pair[1]] = i
    isRight[pair[1]] = 1
  }
  return { leaves, parent, left, right, isRight }
}

/** Probabilities along the paths of a tree; branches that cannot lead to one of the k best are not entered. */
function hierarchicalSoftmax(output: Matrix, labelCounts: Float64Array): Predict {
  const { leaves, left, right } = huffmanTree(labelCounts)
  return (hidden, k, threshold) => {
    const best = new Best(k)
    const least = stdLog(threshold)
    const descend = (node: number, score: number): void => {
      if (score < least || best.isBelow(score)) return
      if (node < leaves) {
        best.add(node, score)
        return
      }
      const f = fround(1 / fround(1 + expf(-output.dotRow(hidden, node - leaves))))
      descend(left[node], fround(score + fround(log(fround(1 - f) + 1e-5))))
      descend(right[node], fround(score + stdLog(f)))
    }
    descend(2 * leaves - 2, 0)
    return best.sorted()
  }
}
