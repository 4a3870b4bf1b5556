import { constant, FlagError, fromNumbers, ops, type Scope, type Value } from '@flag/core-tensor'
import { parameter } from './linear.ts'

/**
 * Pixels [B, C, H, W] cut into patches of `size` × `size` and each projected to D numbers by `weight` [D, C, size, size],
 * plus `bias` [D] where the checkpoint has one.
 * Pixels at the right and the bottom that fill no patch are left out, as by a convolution with that stride; one
 * matrix product gives the same as the convolution, and so does its gradient.
 */
export function patchEmbedding(scope: Scope, pixels: Value, size: number): Value {
  const [batch, channels, height, width] = pixels.shape
  if (pixels.rank !== 4 || typeof height !== 'number' || typeof width !== 'number') {
    throw new FlagError(
      'shape-mismatch',
      `patches need pixels [batch, channels, number, number], got ${pixels}`,
    )
  }
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)]
  const whole =
    rows * size === height && columns * size === width
      ? pixels
      : ops.slice(pixels, [0, 0], [rows * size, columns * size], [2, 3])
  const cut = ops.reshape(whole, [batch, channels, rows, size, columns, size])
  const patches = ops.transpose(cut, [0, 2, 4, 1, 3, 5]) // [B, rows, columns, C, size, size]
  const length = (channels as number) * size * size
  const weight = parameter(scope, 'weight') // [D, C, size, size]
  return ops.linear(
    ops.reshape(patches, [batch, rows * columns, length]), // [B, N, C * size * size]
    ops.reshape(weight, [weight.shape[0], length]),
    scope.has('bias') ? parameter(scope, 'bias') : undefined,
  ) // [B, N, D]
}

/**
 * Learned positions of a square grid, with one for a class token before them, brought to another grid by bicubic
 * interpolation (a = -0.75, half-pixel centres, edges repeated) as torch's `interpolate` does for CLIP models.
 * `table` is [1 + n * n, D]; the result [1 + rows * columns, D].
 */
export function resizePositions(table: Value, rows: number, columns: number): Value {
  const [count, width] = table.shape as number[]
  const side = Math.round(Math.sqrt(count - 1))
  if (rows === side && columns === side) return table
  const first = ops.slice(table, [0], [1], [0]) // [1, D]
  const grid = ops.slice(table, [1], [undefined], [0]) // [n * n, D]
  const vertical = ops.matmul(cubicMatrix(side, rows), ops.reshape(grid, [side, side * width])) // [rows, n * D]
  const across = ops.matmul(cubicMatrix(side, columns), ops.reshape(vertical, [rows, side, width])) // [rows, columns, D]
  return ops.concat([first, ops.reshape(across, [rows * columns, width])], 0)
}

/** Row i holds the weights with which `from` samples make sample i of `to`. */
function cubicMatrix(from: number, to: number): Value {
  const matrix = new Float32Array(to * from)
  const near = (t: number) => (1.25 * t - 2.25) * t * t + 1
  const far = (t: number) => ((-0.75 * t + 3.75) * t - 6) * t + 3
  for (let i = 0; i < to; i++) {
    const centre = ((i + 0.5) * from) / to - 0.5
    const base = Math.floor(centre)
    const t = centre - base
    ;[far(1 + t), near(t), near(1 - t), far(2 - t)].forEach((weight, k) => {
      const source = Math.min(Math.max(base - 1 + k, 0), from - 1)
      matrix[i * from + source] += weight
    })
  }
  return constant(fromNumbers(matrix, [to, from], 'float32'))
}
