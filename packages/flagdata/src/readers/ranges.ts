/** A part of a file: bytes as they lie on disk. */
export interface Range {
  start: number
  end: number
  /** Where a compressed file is cut between gzip members: the same range in decompressed bytes. */
  inflated?: Inflated
}

export interface Inflated {
  start: number
  end: number
  /** The decompressed byte before the range; 0 at the start of the file. */
  before: number
}

/** A file that is not cut. */
export const whole = (size: number): Range[] => (size === 0 ? [] : [{ start: 0, end: size }])

/** Ranges of `step` bytes, for formats in which a reader finds the first record by itself. */
export function evenly(size: number, step: number): Range[] {
  const ranges: Range[] = []
  for (let start = 0; start < size; start += step) ranges.push({ start, end: Math.min(size, start + step) })
  return ranges
}

/**
 * Ranges of at least `step` bytes between places where a file may be cut.
 *
 * @param places offsets in ascending order; the first one may be after a header, which then belongs to the first range
 */
export async function between(
  places: AsyncIterable<number> | Iterable<number>,
  size: number,
  step: number,
): Promise<Range[]> {
  const ranges: Range[] = []
  let start = 0
  let last = 0
  for await (const place of places) {
    // Cutting before the place that goes beyond keeps ranges at about `step`, whatever lies between two places.
    if (place - start > step && last > start) {
      ranges.push({ start, end: last })
      start = last
    }
    last = place
  }
  if (size - start > step && last > start && last < size) {
    ranges.push({ start, end: last })
    start = last
  }
  return [...ranges, { start, end: size }]
}
