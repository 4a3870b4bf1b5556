/** Recall at k: how often the one right answer is among the k best. */

/** How many candidates of the row are at least as good as the right one, itself included: 1 is best, ties count against. */
export function rankOf(scores: ArrayLike<number>, right: number): number {
  let rank = 0
  for (let i = 0; i < scores.length; i++) if (scores[i] >= scores[right]) rank++
  return rank
}

/** The share of `ranks` that are at most `k`; NaN for no ranks. */
export const recallAt = (ranks: readonly number[], k: number): number =>
  ranks.filter((rank) => rank <= k).length / ranks.length
