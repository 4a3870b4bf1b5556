import { concatRows, FlagError, Tensor } from '@flag/core-tensor'

/** Throws `invalid-argument` unless `size` is a whole number from 1. */
export function checkedBatchSize(size: number): number {
  if (Number.isSafeInteger(size) && size >= 1) return size
  throw new FlagError('invalid-argument', `batchSize must be a whole number from 1, got ${size}`)
}

/** Items in order, `size` at a time. */
export async function* inBatches<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** What `map` makes of the items, in their order, up to `limit` of them at work at a time. */
export async function* mapOrdered<A, B>(
  items: Iterable<A> | AsyncIterable<A>,
  limit: number,
  map: (item: A) => Promise<B>,
): AsyncGenerator<B> {
  const working: Promise<B>[] = []
  for await (const item of items) {
    const result = map(item)
    // Awaited below; until then a failure is not one that nobody handles.
    result.catch(() => {})
    working.push(result)
    if (working.length >= limit) yield await (working.shift() as Promise<B>)
  }
  for (const result of working) yield await result
}

/**
 * Rows, by their indices, in groups of similar length: at most `size` rows and, unless a single row is longer, at most
 * `tokens` ids with padding. Padding is work for nothing, and so are groups too small to fill the processor.
 */
export function groupsByLength(
  lengths: readonly number[],
  { size, tokens }: { size: number; tokens: number },
): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[a] - lengths[b])
  const groups: number[][] = []
  let group: number[] = []
  for (const row of order) {
    if (group.length === size || (group.length > 0 && (group.length + 1) * lengths[row] > tokens)) {
      groups.push(group)
      group = []
    }
    group.push(row)
  }
  if (group.length > 0) groups.push(group)
  return groups
}

/** Lists of ids as int64 `[rows, longest]`, padded on the right. */
export function padRight(rows: readonly (readonly number[])[], padId: number): Tensor<'int64'> {
  const length = Math.max(...rows.map((row) => row.length))
  const data = new BigInt64Array(rows.length * length).fill(BigInt(padId))
  for (const [i, row] of rows.entries()) data.set(row.map(BigInt), i * length)
  return new Tensor('int64', [rows.length, length], data)
}

/** Pictures [C, H, W] of one size as a batch [B, C, H, W]. */
export const stackedPictures = (pictures: readonly Tensor<'float32'>[]): Tensor<'float32'> =>
  concatRows(pictures.map((picture) => picture.reshape([1, ...picture.shape])))
