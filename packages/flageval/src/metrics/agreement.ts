import { FlagError } from '@flag/core-tensor'

type Label = number | string

interface Labelled {
  readonly gold: readonly Label[]
  readonly predicted: readonly Label[]
}

/**
 * F₁ of the class 1 of two, 0 where nothing is 1, as scikit-learn's `f1_score` gives it by default. Throws
 * `invalid-argument` for more than two classes.
 */
export function positiveF1({ gold, predicted }: Labelled): number {
  const classes = new Set([...gold, ...predicted])
  if (classes.size > 2 || (classes.size === 2 && !classes.has(1))) {
    throw new FlagError(
      'invalid-argument',
      `f1 of the classes ${[...classes].join(', ')}: expected two, one of them 1`,
    )
  }
  let [both, either] = [0, 0]
  gold.forEach((label, i) => {
    const marks = Number(label === 1) + Number(predicted[i] === 1)
    either += marks
    if (marks === 2) both++
  })
  return either === 0 ? 0 : (2 * both) / either
}

/** Matthews' correlation of any number of classes (Gorodkin 2004), 0 where a side has one class, as scikit-learn's. */
export function matthews({ gold, predicted }: Labelled): number {
  const n = gold.length
  const counted = (labels: readonly Label[]) => {
    const counts = new Map<Label, number>()
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
    return counts
  }
  const [truth, guess] = [counted(gold), counted(predicted)]
  const right = gold.filter((label, i) => label === predicted[i]).length
  let [cross, squaredTruth, squaredGuess] = [0, 0, 0]
  for (const label of new Set([...truth.keys(), ...guess.keys()])) {
    const [a, b] = [truth.get(label) ?? 0, guess.get(label) ?? 0]
    cross += a * b
    squaredTruth += a * a
    squaredGuess += b * b
  }
  const scale = Math.sqrt((n * n - squaredGuess) * (n * n - squaredTruth))
  return scale === 0 ? 0 : (right * n - cross) / scale
}
