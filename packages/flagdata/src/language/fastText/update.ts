import type { LossName } from './arguments.ts'
import { huffmanTree, sigmoid, softmax } from './loss.ts'
import type { DenseMatrix } from './matrix.ts'
import type { MinimalStandard } from './random.ts'

const { fround, log } = Math

/**
 * Learns one target: adds to the gradient of the hidden vector, moves the output matrix, and returns the loss.
 * `targets` are all labels of the line, `target` the chosen one of them.
 */
export type Update = (target: number, targets: readonly number[], rate: number) => number

const LOG_STEPS = 512
const LOGS = Float32Array.from({ length: LOG_STEPS + 1 }, (_, i) => log(fround(fround(i + 1e-5) / LOG_STEPS)))
/** fastText's logarithm in training, from a table; it only shows in the loss that is reported. */
const tableLog = (x: number) => (x > 1 ? 0 : LOGS[Math.trunc(x * LOG_STEPS)])

export interface UpdateContext {
  output: DenseMatrix
  hidden: Float32Array
  gradient: Float32Array
  labelCounts: Float64Array
  /** Negative samples per target. */
  negatives: number
  random: MinimalStandard
}

/** The gradient steps of each loss, in the order of fastText's operations. */
export function updateOf(loss: LossName, context: UpdateContext): Update {
  const { output, hidden, gradient, labelCounts, negatives, random } = context
  const { values, columns } = output

  const move = (row: number, alpha: number) => {
    const start = row * columns
    for (let j = 0; j < columns; j++) {
      const weight = values[start + j]
      gradient[j] = fround(gradient[j] + fround(alpha * weight))
      values[start + j] = fround(weight + fround(alpha * hidden[j]))
    }
  }
  const binary = (row: number, isPositive: boolean, rate: number) => {
    const score = sigmoid(output.dotRow(hidden, row))
    move(row, fround(rate * fround((isPositive ? 1 : 0) - score)))
    return -tableLog(isPositive ? score : fround(1 - score))
  }

  switch (loss) {
    case 'softmax': {
      const scores = new Float32Array(output.rows)
      return (target, _targets, rate) => {
        softmax(output, hidden, scores)
        for (let i = 0; i < scores.length; i++)
          move(i, fround(rate * fround((i === target ? 1 : 0) - scores[i])))
        return -tableLog(scores[target])
      }
    }
    case 'hs': {
      const { leaves, parent, isRight } = huffmanTree(labelCounts)
      return (target, _targets, rate) => {
        let sum = 0
        for (let node = target; parent[node] >= 0; node = parent[node])
          sum += binary(parent[node] - leaves, isRight[node] === 1, rate)
        return sum
      }
    }
    case 'ova':
      return (_target, targets, rate) => {
        let sum = 0
        for (let i = 0; i < output.rows; i++) sum += binary(i, targets.includes(i), rate)
        return sum
      }
    case 'ns': {
      const table = negativeTable(labelCounts)
      return (target, _targets, rate) => {
        let sum = binary(target, true, rate)
        for (let n = 0; n < negatives; n++) {
          let other = target
          while (other === target) other = table[random.below(table.length)]
          sum += binary(other, false, rate)
        }
        return sum
      }
    }
  }
}

const TABLE_SIZE = 10_000_000

/** Labels as often as negative samples are to be drawn: by the square root of their counts. */
function negativeTable(counts: Float64Array): Int32Array {
  let sum = 0
  for (const count of counts) sum = fround(sum + Math.sqrt(count))
  const sizes = Array.from(counts, (count) =>
    Math.ceil(fround(fround(fround(Math.sqrt(count)) * TABLE_SIZE) / sum)),
  )
  const table = new Int32Array(sizes.reduce((a, b) => a + b, 0))
  let at = 0
  sizes.forEach((size, label) => {
    table.fill(label, at, at + size)
    at += size
  })
  return table
}
