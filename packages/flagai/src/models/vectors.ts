import { FlagError, Tensor } from '@flag/core-tensor'

/** Every row scaled to length 1; a row of zeros stays as it is. */
export function normalizeRows(x: Tensor<'float32'>): Tensor<'float32'> {
  const [rows, width] = x.shape
  const data = new Float32Array(x.size)
  for (let i = 0; i < rows; i++) {
    const row = x.data.subarray(i * width, (i + 1) * width)
    const length = Math.sqrt(dot(row, row)) || 1
    for (let k = 0; k < width; k++) data[i * width + k] = row[k] / length
  }
  return new Tensor('float32', x.shape, data)
}

/** Cosine similarities of the rows of `a` `[N, E]` and `b` `[M, E]`: float32 `[N, M]`. Throws `shape-mismatch`. */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor<'float32'> {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[1] !== b.shape[1]) {
    throw new FlagError(
      'shape-mismatch',
      `similarity of [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`,
      {
        hint: 'both must be [rows, width] of one width, as encodeText and encodeImage give them',
      },
    )
  }
  const [n, m] = [a.shape[0], b.shape[0]]
  const [left, right] = [a, b].map((x) => normalizeRows(x.cast('float32')))
  const data = new Float32Array(n * m)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) data[i * m + j] = dot(left.row(i).data, right.row(j).data)
  }
  return new Tensor('float32', [n, m], data)
}

/** The mean of each `size` consecutive rows. */
export function meanOfRows(x: Tensor<'float32'>, size: number): Tensor<'float32'> {
  const [rows, width] = x.shape
  const data = new Float32Array((rows / size) * width)
  for (let i = 0; i < rows; i++) {
    const start = Math.floor(i / size) * width
    for (let k = 0; k < width; k++) data[start + k] += x.data[i * width + k] / size
  }
  return new Tensor('float32', [rows / size, width], data)
}

export function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits)
  const exps = logits.map((logit) => Math.exp(logit - top))
  const sum = exps.reduce((total, x) => total + x, 0)
  return exps.map((x) => x / sum)
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k]
  return sum
}
