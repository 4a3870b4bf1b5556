import { FlagError, Tensor } from '@flag/core-tensor'

/** Items in order, `size` at a time. Throws `invalid-argument` for a size that is not a whole number from 1. */
export function batches<T>(items: readonly T[], size: number): T[][] {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new FlagError('invalid-argument', `batchSize must be a whole number from 1, got ${size}`)
  }
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size))
}

/** Lists of ids as int64 `[rows, longest]`, padded on the right. */
export function padRight(rows: readonly (readonly number[])[], padId: number): Tensor<'int64'> {
  const length = Math.max(...rows.map((row) => row.length))
  const data = new BigInt64Array(rows.length * length).fill(BigInt(padId))
  for (const [i, row] of rows.entries()) data.set(row.map(BigInt), i * length)
  return new Tensor('int64', [rows.length, length], data)
}
