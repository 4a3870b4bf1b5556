/** A grey picture, a byte per pixel, row after row. */
export interface Grey {
  pixels: Uint8Array
  width: number
  height: number
}

/** Bits after the point of the weights; those of eight-bit pictures in Pillow. */
const PRECISION = 22

/** Lanczos with three lobes. */
function lanczos(x: number): number {
  if (x < -3 || x >= 3) return 0
  if (x === 0) return 1
  const a = Math.PI * x
  const b = a / 3
  return (Math.sin(a) / a) * (Math.sin(b) / b)
}

/** For each pixel of the result the first pixel of the source that it is made of, and their weights. */
function weightsFor(from: number, to: number): { first: number; weights: Int32Array }[] {
  const scale = from / to
  const filterScale = Math.max(1, scale)
  const support = 3 * filterScale
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const last = Math.min(from, Math.trunc(center + support + 0.5))
    const values: number[] = []
    let sum = 0
    for (let x = first; x < last; x++) {
      const value = lanczos((x - center + 0.5) * (1 / filterScale))
      values.push(value)
      sum += value
    }
    // Rounded away from zero at halves.
    const weights = Int32Array.from(values, (value) => {
      const scaled = (value / sum) * (1 << PRECISION)
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    })
    return { first, weights }
  })
}

const clip = (value: number) => Math.min(255, Math.max(0, value >> PRECISION))

/**
 * Resizes a grey picture as Pillow does with `Image.Resampling.LANCZOS`, to the bit: first across, then down, in fixed
 * point, rounded to bytes after each.
 */
export function resizeLanczos({ pixels, width, height }: Grey, toWidth: number, toHeight: number): Grey {
  const half = 1 << (PRECISION - 1)
  let across = pixels
  if (toWidth !== width) {
    across = new Uint8Array(toWidth * height)
    const columns = weightsFor(width, toWidth)
    for (let y = 0; y < height; y++)
      columns.forEach(({ first, weights }, x) => {
        let sum = half
        for (let k = 0; k < weights.length; k++) sum += pixels[y * width + first + k] * weights[k]
        across[y * toWidth + x] = clip(sum)
      })
  }
  if (toHeight === height) return { pixels: across, width: toWidth, height }
  const down = new Uint8Array(toWidth * toHeight)
  weightsFor(height, toHeight).forEach(({ first, weights }, y) => {
    for (let x = 0; x < toWidth; x++) {
      let sum = half
      for (let k = 0; k < weights.length; k++) sum += across[(first + k) * toWidth + x] * weights[k]
      down[y * toWidth + x] = clip(sum)
    }
  })
  return { pixels: down, width: toWidth, height: toHeight }
}
