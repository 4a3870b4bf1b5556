/**
 * Pictures of RGB bytes: the two passes of Pillow's resampling, and bytes to planes of float32. Plain twins:
 * `resample.test.ts`.
 *
 * A weight w has 22 bits after the point. It is kept as w >> 15 and w & 32767, so that 16-bit products do: Σ p·w is
 * (Σ p·(w >> 15) << 15) + Σ p·(w & 32767), exactly, and in the same way modulo 2^32. Weights come in pairs of
 * neighbours, 8 bytes each: the two upper parts, then the two lower ones; an odd last one has a neighbour of 0.
 */
const LOW_BITS = 15
const PRECISION_BITS = 22

/** Where memory is free. */
export function base(): usize {
  return __heap_base
}

/** What sums of upper and of lower products come to: rounded, without the bits after the point. */
function whole(high: v128, low: v128): v128 {
  const half = i32x4.splat(1 << (PRECISION_BITS - 1))
  const sum = i32x4.add(i32x4.add(i32x4.shl(high, LOW_BITS), low), half)
  return i32x4.shr_s(sum, PRECISION_BITS)
}

/** The first eight bytes of both, by turns. */
function zipLow(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}

/** The last eight bytes of both, by turns. */
function zipHigh(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}

/**
 * The horizontal pass. Reads up to 8 bytes beyond the source and writes one beyond the result.
 * @param source rows of `stride` bytes @param out rows of `width` pixels
 * @param spans per column of the result two u32: its first pixel of the source, and how many pairs of pixels count
 * @param weights per column `pairs` pairs
 */
export function resampleRows(
  source: usize,
  stride: usize,
  height: i32,
  spans: usize,
  weights: usize,
  pairs: i32,
  width: i32,
  out: usize,
): void {
  // Two pixels of three bytes as 16-bit lanes: both reds, both greens, both blues.
  const byChannel = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
  const lastSpan = spans + ((width as usize) << 3)
  for (let y = 0; y < height; y++, source += stride) {
    let row = weights
    for (let span = spans; span < lastSpan; span += 8, row += (pairs as usize) << 3, out += 3) {
      let high = i32x4.splat(0)
      let low = i32x4.splat(0)
      let pixel = source + (load<u32>(span) as usize) * 3
      const end = row + ((load<u32>(span, 4) as usize) << 3)
      for (let weight = row; weight < end; weight += 8, pixel += 6) {
        const two = i8x16.swizzle(v128.load64_zero(pixel), byChannel)
        high = i32x4.add(high, i32x4.dot_i16x8_s(two, v128.load32_splat(weight)))
        low = i32x4.add(low, i32x4.dot_i16x8_s(two, v128.load32_splat(weight, 4)))
      }
      const words = i16x8.narrow_i32x4_s(whole(high, low), high)
      // The fourth byte is written over by the next pixel.
      v128.store32_lane(out, i8x16.narrow_i16x8_u(words, words), 0)
    }
  }
}

/**
 * The vertical pass. Reads up to a row and 16 bytes beyond the source, and writes up to 15 bytes beyond the result.
 * @param source rows of `stride` bytes @param out `height` such rows
 * @param spans per row of the result two u32: its first row of the source, and how many pairs of rows count
 * @param weights per row `pairs` pairs
 */
export function resampleColumns(
  source: usize,
  stride: usize,
  spans: usize,
  weights: usize,
  pairs: i32,
  height: i32,
  out: usize,
): void {
  const zero = i32x4.splat(0)
  for (let y = 0; y < height; y++, spans += 8, weights += (pairs as usize) << 3, out += stride) {
    const first = source + (load<u32>(spans) as usize) * stride
    const end = weights + ((load<u32>(spans, 4) as usize) << 3)
    for (let x: usize = 0; x < stride; x += 16) {
      let high0 = zero
      let high1 = zero
      let high2 = zero
      let high3 = zero
      let low0 = zero
      let low1 = zero
      let low2 = zero
      let low3 = zero
      let at = first + x
      for (let weight = weights; weight < end; weight += 8, at += stride << 1) {
        const upper = v128.load(at)
        const lower = v128.load(at + stride)
        const left = zipLow(upper, lower)
        const right = zipHigh(upper, lower)
        const two0 = i16x8.extend_low_i8x16_u(left)
        const two1 = i16x8.extend_high_i8x16_u(left)
        const two2 = i16x8.extend_low_i8x16_u(right)
        const two3 = i16x8.extend_high_i8x16_u(right)
        const w = v128.load32_splat(weight)
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(two0, w))
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(two1, w))
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(two2, w))
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(two3, w))
        const v = v128.load32_splat(weight, 4)
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(two0, v))
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(two1, v))
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(two2, v))
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(two3, v))
      }
      const words0 = i16x8.narrow_i32x4_s(whole(high0, low0), whole(high1, low1))
      const words1 = i16x8.narrow_i32x4_s(whole(high2, low2), whole(high3, low3))
      v128.store(out + x, i8x16.narrow_i16x8_u(words0, words1))
    }
  }
}

/**
 * RGB pixels as three planes of float32, each byte replaced by what a table says.
 * @param tables 256 float32 for red, 256 for green, 256 for blue
 */
export function toPlanes(pixels: usize, count: i32, tables: usize, out: usize): void {
  const plane = (count as usize) << 2
  for (let end = out + plane; out < end; out += 4, pixels += 3) {
    store<f32>(out, load<f32>(tables + ((load<u8>(pixels) as usize) << 2)))
    store<f32>(out + plane, load<f32>(tables + ((load<u8>(pixels, 1) as usize) << 2), 1024))
    store<f32>(out + 2 * plane, load<f32>(tables + ((load<u8>(pixels, 2) as usize) << 2), 2048))
  }
}
