import { Tensor } from '@flag/core-tensor'

/** Rows as float32, scaled to length 1 in float64 first. */
export function unitTensor(rows: readonly (readonly number[])[]): Tensor<'float32'> {
  const data = rows.flatMap((row) => {
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0))
    return row.map((x) => x / length)
  })
  return new Tensor('float32', [rows.length, rows[0].length], Float32Array.from(data))
}
