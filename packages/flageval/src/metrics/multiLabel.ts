import { midranks } from '@flag/core-tensor/statistics'

/** Whether samples are positive, best score first; of equal scores the earlier sample comes first. */
function sortedTruth(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): boolean[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a])
  return order.map((i) => Boolean(positive[i]))
}

/**
 * Average precision of one class: the mean over the positives of the precision at their ranks, 0 without positives.
 * The variant of CLIP_benchmark, and scikit-learn's where no scores are equal.
 */
export function averagePrecision(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  let found = 0
  let sum = 0
  sortedTruth(scores, positive).forEach((yes, i) => {
    if (yes) sum += ++found / (i + 1)
  })
  return sum / Math.max(found, 1)
}

/**
 * The 11-point variant of Pascal VOC 2007 that ELEVATER uses: the mean over recalls 0, 0.1 … 1 of the best precision
 * at that recall or a higher one.
 */
export function elevenPointPrecision(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean | number>,
): number {
  const truth = sortedTruth(scores, positive)
  const positives = truth.filter(Boolean).length
  if (positives === 0) return 0
  const best = new Float64Array(11)
  let found = 0
  truth.forEach((yes, i) => {
    if (yes) found++
    // As NumPy steps by 0.1: the fourth point is 0.30000000000000004, which a recall of 3/10 does not reach.
    for (let point = 0; point < 11 && found / positives >= point * 0.1; point++)
      best[point] = Math.max(best[point], found / (i + 1))
  })
  return best.reduce((sum, precision) => sum + precision, 0) / 11
}

/** Mean over classes. `scores` and `positive` are `[samples][classes]`. */
export function meanAveragePrecision(
  scores: readonly ArrayLike<number>[],
  positive: readonly ArrayLike<boolean | number>[],
  variant: 'every positive' | '11-point' = 'every positive',
): number {
  const of = variant === '11-point' ? elevenPointPrecision : averagePrecision
  const classes = scores[0].length
  let sum = 0
  for (let c = 0; c < classes; c++)
    sum += of(
      scores.map((row) => row[c]),
      positive.map((row) => row[c]),
    )
  return sum / classes
}

/** Area under the ROC curve by ranks; ties get the mean rank. NaN without positives or without negatives. */
export function rocAuc(scores: ArrayLike<number>, positive: ArrayLike<boolean | number>): number {
  const ranks = midranks(scores)
  let positives = 0
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    if (!positive[i]) continue
    positives++
    sum += ranks[i]
  }
  return (sum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives))
}
