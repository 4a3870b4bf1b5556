import { compile, FlagError, ops, spec, Tensor } from '@flag/core-tensor'

/** Where the best right candidate of every query came among all candidates. */
export interface Ranks {
  /** Wrong candidates that score higher than the best right one, per query. */
  readonly better: Int32Array
  /** Wrong candidates that score exactly as high, per query. */
  readonly equal: Int32Array
  /** The best candidates of every query, best first: `[queries, kept]`. */
  readonly top: Int32Array
  readonly topScores: Float32Array
  readonly kept: number
}

/** How a tie between the right candidate and wrong ones is counted. */
export type Ties = 'pessimistic' | 'optimistic'

export interface RankOptions {
  /** Queries scored at a time: memory is `block` × candidates × 4 bytes. Default 256. */
  block?: number
  /** How many of the best candidates are kept for each query. Default 5. */
  keep?: number
  /** Threads of the products. Default: one per core. */
  threads?: number
}

/**
 * Ranks the candidates of every query by the dot product of their vectors, a block of queries at a time, so that the
 * matrix of all scores is never held. Scores are float32; where one is within rounding of the right candidate's, the
 * two are compared in float64, so that equal vectors are ties and nothing else is.
 *
 * @param queries float32 `[Q, E]`, rows of length 1
 * @param candidates float32 `[C, E]`, rows of length 1
 * @param gold for each query, the place of its right candidate
 * @returns `forward`: the candidates of each query. `backward`: the queries of each candidate, where every query whose
 * `gold` is that candidate is right (the captions of a picture) and the best of them counts.
 *
 * Throws `shape-mismatch`, and `invalid-argument` for vectors that are not finite, for places outside the candidates,
 * and for a candidate that is right for no query when `backward` is asked for.
 */
export async function rankBothWays(
  queries: Tensor<'float32'>,
  candidates: Tensor<'float32'>,
  gold: ArrayLike<number>,
  options: RankOptions = {},
): Promise<{ forward: Ranks; backward: Ranks }> {
  const sizes = check(queries, candidates, gold)
  const { rows, columns } = sizes
  const exact = exactScores(queries, candidates)
  const goldScore = Float64Array.from({ length: rows }, (_, row) => exact(row, gold[row]))
  const best = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY)
  for (let row = 0; row < rows; row++) best[gold[row]] = Math.max(best[gold[row]], goldScore[row])
  const without = best.indexOf(Number.NEGATIVE_INFINITY)
  if (without >= 0) {
    throw new FlagError('invalid-argument', `candidate ${without} is right for no query`, {
      hint: 'give every picture at least one caption',
    })
  }
  const forward = new Ranking(rows, columns, options.keep)
  const backward = new Ranking(columns, rows, options.keep)
  const close = rounding(sizes.width)
  // From which score on a query, or a candidate, has to be looked at: few are, so that the loop below is all the work.
  const limits = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY)
  await eachBlock(queries, candidates, options, (scores, first, count) => {
    for (let r = 0, at = 0; r < count; r++) {
      const row = first + r
      const right = gold[row]
      const mine = goldScore[row]
      let limit = Number.NEGATIVE_INFINITY
      for (let column = 0; column < columns; column++, at++) {
        const score = scores[at]
        if (score < limit && score < limits[column]) continue
        limit = Math.min(mine - close, forward.offer(row, column, score))
        const theirs = best[column]
        limits[column] = Math.min(theirs - close, backward.offer(column, row, score))
        if (column === right) continue
        if (score >= mine - close) forward.count(row, score, mine, close, exact, row, column)
        if (score >= theirs - close) backward.count(column, score, theirs, close, exact, row, column)
      }
    }
  })
  return { forward: forward.ranks(), backward: backward.ranks() }
}

/** `rankBothWays` in the forward direction alone: pictures among classes, for example. */
export async function rankCandidates(
  queries: Tensor<'float32'>,
  candidates: Tensor<'float32'>,
  gold: ArrayLike<number>,
  options: RankOptions = {},
): Promise<Ranks> {
  const { rows, columns, width } = check(queries, candidates, gold)
  const exact = exactScores(queries, candidates)
  const ranking = new Ranking(rows, columns, options.keep)
  const close = rounding(width)
  await eachBlock(queries, candidates, options, (scores, first, count) => {
    for (let r = 0, at = 0; r < count; r++) {
      const row = first + r
      const mine = exact(row, gold[row])
      for (let column = 0; column < columns; column++, at++) {
        const score = scores[at]
        ranking.offer(row, column, score)
        if (column !== gold[row] && score >= mine - close)
          ranking.count(row, score, mine, close, exact, row, column)
      }
    }
  })
  return ranking.ranks()
}

/** Rank from 1 of the right candidate of query `i`. */
export function rankOf({ better, equal }: Pick<Ranks, 'better' | 'equal'>, i: number, ties: Ties): number {
  return 1 + better[i] + (ties === 'pessimistic' ? equal[i] : 0)
}

/** Share of queries whose right candidate is among the `k` best: IR@k and TR@k of the CLIP papers. */
export function recallAt(ranks: Ranks, k: number, ties: Ties = 'pessimistic'): number {
  let hits = 0
  for (let i = 0; i < ranks.better.length; i++) if (rankOf(ranks, i, ties) <= k) hits++
  return hits / ranks.better.length
}

/** The largest error of a float32 dot product of two vectors of length 1, for any order of its sums. */
const rounding = (width: number) => width * 2 ** -23

type Exact = (row: number, column: number) => number

function exactScores(
  { data: a, shape: [, width] }: Tensor<'float32'>,
  { data: b }: Tensor<'float32'>,
): Exact {
  return (row, column) => {
    let sum = 0
    for (let k = 0, i = row * width, j = column * width; k < width; k++) sum += a[i++] * b[j++]
    return sum
  }
}

function check(queries: Tensor, candidates: Tensor, gold: ArrayLike<number>) {
  const [rows, width] = queries.shape
  const [columns, same] = candidates.shape
  if (queries.rank !== 2 || candidates.rank !== 2 || width !== same) {
    throw new FlagError(
      'shape-mismatch',
      `queries [${queries.shape}] and candidates [${candidates.shape}]: expected [Q, E] and [C, E]`,
    )
  }
  if (gold.length !== rows) {
    throw new FlagError(
      'shape-mismatch',
      `${gold.length} right candidates for ${rows} queries: expected one each`,
    )
  }
  for (const [name, { data }] of Object.entries({ queries, candidates })) {
    const at = (data as Float32Array).findIndex((x) => !Number.isFinite(x))
    if (at >= 0)
      throw new FlagError('invalid-argument', `${name}: row ${Math.floor(at / width)} holds ${data[at]}`, {
        hint: 'the model gave a vector that is not finite',
      })
  }
  for (let row = 0; row < rows; row++) {
    if (!(Number.isInteger(gold[row]) && gold[row] >= 0 && gold[row] < columns)) {
      throw new FlagError('invalid-argument', `query ${row}: candidate ${gold[row]} is not one of ${columns}`)
    }
  }
  return { rows, columns, width }
}

class Ranking {
  readonly #better: Int32Array
  readonly #equal: Int32Array
  readonly #top: Int32Array
  readonly #scores: Float32Array
  readonly #kept: number

  constructor(queries: number, candidates: number, keep = 5) {
    this.#kept = Math.min(keep, candidates)
    this.#better = new Int32Array(queries)
    this.#equal = new Int32Array(queries)
    this.#top = new Int32Array(queries * this.#kept)
    this.#scores = new Float32Array(queries * this.#kept).fill(Number.NEGATIVE_INFINITY)
  }

  /**
   * Keeps a candidate if it is among the best so far; of equals the first stays. Returns the lowest score that is kept.
   */
  offer(query: number, candidate: number, score: number): number {
    const first = query * this.#kept
    const last = first + this.#kept - 1
    let at = last
    if (!(score > this.#scores[at])) return this.#scores[last]
    for (; at > first && score > this.#scores[at - 1]; at--) {
      this.#scores[at] = this.#scores[at - 1]
      this.#top[at] = this.#top[at - 1]
    }
    this.#scores[at] = score
    this.#top[at] = candidate
    return this.#scores[last]
  }

  count(
    query: number,
    score: number,
    right: number,
    close: number,
    exact: Exact,
    row: number,
    column: number,
  ) {
    const decided = score > right + close ? score : exact(row, column)
    if (decided > right) this.#better[query]++
    else if (decided === right) this.#equal[query]++
  }

  ranks(): Ranks {
    return {
      better: this.#better,
      equal: this.#equal,
      top: this.#top,
      topScores: this.#scores,
      kept: this.#kept,
    }
  }
}

type Product = (a: Tensor<'float32'>, b: Tensor<'float32'>) => Promise<Tensor>

/** One session for each width and number of threads; it holds no vectors. */
const products = new Map<string, Promise<Product>>()

function productOf(width: number, threads?: number): Promise<Product> {
  const key = `${width} ${threads}`
  const known = products.get(key)
  if (known) return known
  const product = compile(
    (a, b) => ops.gemm(a, b, undefined, { transB: 1 }),
    [spec('float32', ['block', width]), spec('float32', ['candidates', width])] as const,
    { isolation: 'inline', ...(threads && { threads }) },
  )
  products.set(key, product)
  return product
}

async function eachBlock(
  queries: Tensor<'float32'>,
  candidates: Tensor<'float32'>,
  { block = 256, threads }: RankOptions,
  visit: (scores: Float32Array, first: number, count: number) => void,
): Promise<void> {
  const [rows, width] = queries.shape
  const product = await productOf(width, threads)
  for (let first = 0; first < rows; first += block) {
    const part = queries.rows(first, Math.min(rows, first + block)) as Tensor<'float32'>
    const scores = (await product(part, candidates)) as Tensor<'float32'>
    visit(scores.data, first, part.shape[0])
  }
}

/** Every row scaled to length 1, as a new tensor. Throws `invalid-argument` for a row of zeros or one not finite. */
export function unitRows(x: Tensor<'float32'>): Tensor<'float32'> {
  const [rows, width] = x.shape
  const data = new Float32Array(x.size)
  for (let row = 0; row < rows; row++) {
    let square = 0
    for (let k = 0; k < width; k++) square += x.data[row * width + k] ** 2
    if (!(square > 0 && square < Number.POSITIVE_INFINITY)) {
      throw new FlagError(
        'invalid-argument',
        `row ${row} has length ${Math.sqrt(square)}: it has no direction`,
      )
    }
    const length = Math.sqrt(square)
    for (let k = 0; k < width; k++) data[row * width + k] = x.data[row * width + k] / length
  }
  return new Tensor('float32', [rows, width], data)
}
