/** Scores of two captions and two pictures: caption 0 with picture 0, caption 1 with picture 0, and so on. */
export type PairScores = readonly [c0i0: number, c1i0: number, c0i1: number, c1i1: number]

/** `strict`: a tie is wrong (the papers). `first`: a tie goes to the first option, as `argmax` decides. */
export type PairTies = 'strict' | 'first'

export interface PairResult {
  /** Each picture prefers its caption. Chance 1/4. */
  readonly text: boolean
  /** Each caption prefers its picture. Chance 1/4. */
  readonly image: boolean
  /** Both. Chance 1/6. */
  readonly group: boolean
}

/** The three scores of Winoground (Thrush et al. 2022, arXiv 2204.03162) for one sample. */
export function winoground([c0i0, c1i0, c0i1, c1i1]: PairScores, ties: PairTies = 'strict'): PairResult {
  const wins = (first: number, second: number) => (ties === 'first' ? first >= second : first > second)
  const text = wins(c0i0, c1i0) && c1i1 > c0i1
  const image = wins(c0i0, c0i1) && c1i1 > c1i0
  return { text, image, group: text && image }
}

/**
 * Whether the right caption beats all wrong ones: SugarCrepe (Hsieh et al. 2023) and VALSE with one wrong caption, the
 * order sets of ARO (Yuksekgonul et al. 2023) with four. `first` is ARO's rule for its order sets, where the right
 * caption comes first.
 */
export function prefersTrueCaption(
  right: number,
  wrong: readonly number[],
  ties: PairTies = 'strict',
): boolean {
  return wrong.every((score) => (ties === 'first' ? right >= score : right > score))
}
