import { FlagError } from '../errors.ts'

export interface Interpolation {
  readonly mode: string
  readonly coordinates: string
  readonly rounding: string
  readonly cubic: number
  readonly excludeOutside: boolean
}

/**
 * What ONNX's Resize does to one axis, as a matrix `[output, size]`; conventions of the operator's specification,
 * coordinates in single precision as ONNX Runtime computes them. Throws `not-differentiable` for coordinates that
 * depend on a region of interest.
 */
export function interpolationMatrix(
  size: number,
  output: number,
  scale: number,
  { mode, coordinates, rounding, cubic, excludeOutside }: Interpolation,
): number[][] {
  return Array.from({ length: output }, (_, o) => {
    const x = sourcePlace(o, size, output, scale, coordinates)
    const row = Array<number>(size).fill(0)
    let total = 0
    for (const [place, weight] of taps(x, mode, rounding, cubic)) {
      const inside = place >= 0 && place < size
      if (!inside && mode === 'cubic' && excludeOutside) continue
      row[Math.min(Math.max(place, 0), size - 1)] += weight
      total += weight
    }
    return row.map((weight) => weight / total)
  })
}

/** Where on the input's axis the centre of output `o` lies. */
function sourcePlace(o: number, size: number, output: number, scale: number, coordinates: string): number {
  const fround = Math.fround
  switch (coordinates) {
    case 'asymmetric':
      return fround(o / scale)
    case 'align_corners':
      return output === 1 ? 0 : fround((o * (size - 1)) / (output - 1))
    case 'half_pixel':
      return fround(fround((o + 0.5) / scale) - 0.5)
    case 'pytorch_half_pixel':
      return output > 1 ? fround(fround((o + 0.5) / scale) - 0.5) : 0
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * size)
      return (size / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5
    }
    default:
      throw new FlagError(
        'not-differentiable',
        `Resize with coordinates "${coordinates}" has no gradient rule`,
      )
  }
}

/** The elements that make up the value at `x`, with their weights; places may lie outside the axis. */
function taps(x: number, mode: string, rounding: string, a: number): [place: number, weight: number][] {
  if (mode === 'nearest') return [[nearest(x, rounding), 1]]
  const first = Math.floor(x)
  const t = x - first
  if (mode === 'linear') {
    return [
      [first, 1 - t],
      [first + 1, t],
    ]
  }
  // Keys 1981: one cubic within a distance of 1, another from there to 2.
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
  return [
    [first - 1, far(t + 1)],
    [first, near(t)],
    [first + 1, near(1 - t)],
    [first + 2, far(2 - t)],
  ]
}

function nearest(x: number, rounding: string): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(x)
    case 'ceil':
      return Math.ceil(x)
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5)
    default:
      return Math.ceil(x - 0.5)
  }
}
