import { basename } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import sharp from 'sharp'
import type { ClassificationData } from '../dataset.ts'
import { readBytes } from './reading.ts'

interface Shared {
  readonly classes: readonly string[]
  readonly templates: readonly string[]
}

interface Raw {
  readonly id: string
  readonly gold: number
  readonly pixels: Uint8Array
}

async function dataOf(
  raw: readonly Raw[],
  shape: { width: number; height: number; channels: 1 | 3 },
  { classes, templates }: Shared,
  file: string,
): Promise<ClassificationData> {
  const pictures = []
  for (const { id, gold, pixels } of raw) {
    if (gold >= classes.length)
      throw new FlagError('corrupt-file', `${file}: ${id} has class ${gold}, there are ${classes.length}`)
    pictures.push({ id, input: await sharp(pixels, { raw: shape }).png({ compressionLevel: 1 }).toBuffer() })
  }
  return {
    kind: 'classification',
    pictures,
    gold: raw.map(({ gold }) => gold),
    classes: classes.map((name, i) => ({ id: `${i}`, name })),
    templates,
  }
}

/** Planes of red, green and blue, one after the other, as pixels; `columns` when a plane goes down its columns. */
function interleaved(planes: Uint8Array, side: number, columns = false): Uint8Array {
  const pixels = new Uint8Array(planes.length)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let channel = 0; channel < 3; channel++)
        pixels[(y * side + x) * 3 + channel] =
          planes[channel * side * side + (columns ? x * side + y : y * side + x)]
  return pixels
}

function records(file: string, size: number): Uint8Array[] {
  const bytes = readBytes(file)
  if (bytes.length === 0 || bytes.length % size !== 0) {
    throw new FlagError('corrupt-file', `${file}: ${bytes.length} bytes, expected a multiple of ${size}`)
  }
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

/** The binary version of CIFAR-10 (a label and 3,072 bytes) and CIFAR-100 (a coarse and a fine label before them). */
export async function loadCifar(
  it: Shared & { files: readonly string[]; labels: 1 | 2 },
): Promise<ClassificationData> {
  const raw = it.files.flatMap((file) =>
    records(file, it.labels + 3072).map(
      (record, i): Raw => ({
        id: `${basename(file)} ${i}`,
        gold: record[it.labels - 1],
        pixels: interleaved(record.subarray(it.labels), 32),
      }),
    ),
  )
  return dataOf(raw, { width: 32, height: 32, channels: 3 }, it, it.files.join(', '))
}

/** Bytes of an IDX file of unsigned bytes with so many dimensions, and their sizes. */
function readIdx(file: string, rank: number): { sizes: number[]; data: Uint8Array } {
  const bytes = readBytes(file)
  if (bytes.length < 4 + 4 * rank || bytes.readUInt32BE(0) !== 0x800 + rank) {
    throw new FlagError('corrupt-file', `${file}: no IDX file of bytes with ${rank} dimensions`)
  }
  const sizes = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i))
  const data = bytes.subarray(4 + 4 * rank)
  const size = sizes.reduce((product, n) => product * n, 1)
  if (data.length !== size)
    throw new FlagError('corrupt-file', `${file}: ${data.length} bytes of data, its head says ${size}`)
  return { sizes, data }
}

/** MNIST, Fashion-MNIST and others in IDX files, packed (.gz) or not. */
export async function loadIdx(it: Shared & { images: string; labels: string }): Promise<ClassificationData> {
  const { sizes, data } = readIdx(it.images, 3)
  const { data: labels } = readIdx(it.labels, 1)
  const [count, height, width] = sizes
  if (labels.length !== count)
    throw new FlagError('corrupt-file', `${it.labels}: ${labels.length} labels for ${count} pictures`)
  const size = height * width
  const raw = Array.from(
    labels,
    (gold, i): Raw => ({ id: `${i}`, gold, pixels: data.subarray(i * size, (i + 1) * size) }),
  )
  return dataOf(raw, { width, height, channels: 1 }, it, it.labels)
}

/** STL-10's `test_X.bin` (planes of 96 × 96 by columns) and `test_y.bin` (1 to 10). */
export async function loadStl10(
  it: Shared & { images: string; labels: string },
): Promise<ClassificationData> {
  const pictures = records(it.images, 3 * 96 * 96)
  const labels = readBytes(it.labels)
  if (labels.length !== pictures.length)
    throw new FlagError(
      'corrupt-file',
      `${it.labels}: ${labels.length} labels for ${pictures.length} pictures`,
    )
  const zero = labels.indexOf(0)
  if (zero >= 0) throw new FlagError('corrupt-file', `${it.labels}: label 0 at ${zero}, labels begin at 1`)
  const raw = pictures.map(
    (planes, i): Raw => ({ id: `${i}`, gold: labels[i] - 1, pixels: interleaved(planes, 96, true) }),
  )
  return dataOf(raw, { width: 96, height: 96, channels: 3 }, it, it.labels)
}
