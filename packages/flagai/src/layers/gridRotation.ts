import { constant, fromNumbers, type ops } from '@flag/core-tensor'

/**
 * Rotary positions of a grid of patches behind one class token, as EVA-02 has them (Fang et al. 2023): the first half
 * of a head's pairs turns with the row, the second with the column, at places scaled to the `pretrainedSide` patches of
 * a side that the model was first trained with. The class token is not turned: its angles are 0. Pairs are neighbours
 * (`interleaved`). Returns `[1 + rows * columns, width / 2]` each; `width` is that of a head.
 */
export function gridRotation(
  rows: number,
  columns: number,
  width: number,
  pretrainedSide: number,
  base = 10_000,
): ops.Rotation {
  const quarter = width / 4
  const half = width / 2
  const count = 1 + rows * columns
  const angles = new Float64Array(count * half)
  const place = (i: number, side: number) => (i / side) * pretrainedSide
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = (1 + row * columns + column) * half
      for (let i = 0; i < quarter; i++) {
        const frequency = base ** (-i / quarter)
        angles[start + i] = place(row, rows) * frequency
        angles[start + quarter + i] = place(column, columns) * frequency
      }
    }
  }
  const table = (of: (angle: number) => number) =>
    constant(fromNumbers(Float32Array.from(angles, of), [count, half], 'float32'))
  return { cos: table(Math.cos), sin: table(Math.sin) }
}
