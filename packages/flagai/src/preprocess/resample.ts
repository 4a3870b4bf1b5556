import { Kernel } from '@flag/core-tensor'
import type { Weights } from './filters.ts'
import type { RgbImage } from './picture.ts'
import wasm from './resample.wasm.ts'

/** What `resample.as.ts` exports; `source`, `spans`, `weights`, `tables` and `out` are addresses in its memory. */
interface Functions {
  resampleRows(
    source: number,
    stride: number,
    height: number,
    spans: number,
    weights: number,
    pairs: number,
    width: number,
    out: number,
  ): void
  resampleColumns(
    source: number,
    stride: number,
    spans: number,
    weights: number,
    pairs: number,
    height: number,
    out: number,
  ): void
  toPlanes(source: number, count: number, tables: number, out: number): void
}

let loaded: Kernel<Functions> | undefined
const kernel = () => {
  loaded ??= new Kernel<Functions>(wasm)
  return loaded
}

/** About as many bytes of a picture, and of a result, are in the kernel's memory at a time, which bounds it. */
const BAND = 2 ** 22
/** Vectors reach beyond the last byte of what they read and write. */
const SLACK = 16

const aligned = (address: number) => Math.ceil(address / 16) * 16

/** Lays out weights as the kernel reads them; `free` is where memory is free behind them. */
function load({ start, count, taps, fixed }: Weights) {
  const pairs = Math.ceil(taps / 2)
  const size = start.length
  const spans = kernel().base
  const weights = spans + 8 * size
  const free = aligned(weights + 8 * pairs * size)
  const memory = kernel().reserve(free)
  const span = new Uint32Array(memory, spans, 2 * size)
  const parts = new Int16Array(memory, weights, 4 * pairs * size).fill(0)
  for (let i = 0; i < size; i++) {
    span[2 * i] = start[i]
    span[2 * i + 1] = (count[i] + 1) >> 1
    for (let j = 0; j < count[i]; j++) {
      const weight = fixed[i * taps + j]
      const at = 4 * (i * pairs + (j >> 1)) + (j & 1)
      // Normalised weights are far from 256, where the upper part would not fit.
      parts[at] = weight >> 15
      parts[at + 2] = weight & 0x7fff
    }
  }
  return { spans, weights, pairs, free }
}

/** Copies bytes into the kernel's memory, makes room behind them for `size` bytes, and gives the address of these. */
function place(source: Uint8Array, at: number, slack: number, size: number): number {
  const out = aligned(at + source.length + slack)
  new Uint8Array(kernel().reserve(out + size + SLACK)).set(source, at)
  return out
}

/** The horizontal pass: every row resampled to the columns that the weights make. */
export function resampleRows({ width, height, data }: RgbImage, horizontal: Weights): RgbImage {
  const { spans, weights, pairs, free } = load(horizontal)
  const columns = horizontal.start.length
  const [stride, made] = [width * 3, columns * 3]
  const result = new Uint8Array(made * height)
  const band = Math.max(1, Math.floor(BAND / Math.max(stride, made)))
  for (let y = 0; y < height; y += band) {
    const rows = Math.min(band, height - y)
    const out = place(data.subarray(y * stride, (y + rows) * stride), free, SLACK, rows * made)
    const first = free + horizontal.reads.first * 3
    kernel().functions.resampleRows(first, stride, rows, spans, weights, pairs, columns, out)
    result.set(new Uint8Array(kernel().reserve(0), out, rows * made), y * made)
  }
  return { width: columns, height, data: result }
}

/** The vertical pass: the rows that the weights make of those that they read, which are all that the picture has. */
export function resampleColumns({ width, data }: RgbImage, vertical: Weights): RgbImage {
  const { spans, weights, pairs, free } = load(vertical)
  const { start, count } = vertical
  const stride = width * 3
  const height = start.length
  const result = new Uint8Array(stride * height)
  const end = (y: number) => start[y] + count[y]
  for (let y = 0; y < height; ) {
    let next = y + 1
    while (next < height && Math.max(end(next) - start[y], next + 1 - y) * stride <= BAND) next++
    const out = place(
      data.subarray(start[y] * stride, end(next - 1) * stride),
      free,
      stride + SLACK,
      (next - y) * stride,
    )
    // Where the picture's first row would be, which need not be there.
    const first = free - start[y] * stride
    const ofRow = weights + 8 * pairs * y
    kernel().functions.resampleColumns(first, stride, spans + 8 * y, ofRow, pairs, next - y, out)
    result.set(new Uint8Array(kernel().reserve(0), out, (next - y) * stride), y * stride)
    y = next
  }
  return { width, height, data: result }
}

/** RGB pixels as float32 `[3, height, width]`: each byte replaced by what its channel's table of 256 says. */
export function toPlanes({ width, height, data }: RgbImage, tables: Float32Array): Float32Array<ArrayBuffer> {
  const at = kernel().base
  const pixels = at + tables.byteLength
  const out = place(data, pixels, 0, 4 * data.length)
  new Float32Array(kernel().reserve(0), at, tables.length).set(tables)
  kernel().functions.toPlanes(pixels, width * height, at, out)
  return new Float32Array(
    kernel()
      .reserve(0)
      .slice(out, out + 4 * data.length),
  )
}
