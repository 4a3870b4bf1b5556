import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  byteLengthOf,
  type Checkpoint,
  conversionsOf,
  convertedLayout,
  FlagError,
  openCheckpoint,
  type SessionOptions,
  type Traced,
  type WeightConversion,
  type WeightPrecision,
  withConverted,
  writeConverted,
} from '@flag/core-tensor'
import { fingerprintOfFiles } from './fingerprint.ts'

export const modelDTypes = ['auto', 'fp32', 'fp16', 'bf16', 'int8', 'int4'] as const

/**
 * How weights are kept, on the disk and in memory.
 *
 * - `auto`, `fp32`: as the checkpoint stores them; 16-bit weights become float32 in memory, which runs fastest.
 * - `fp16`, `bf16`: in 16 bits, in memory too; widened in each run.
 * - `int8`: 8 bits and one scale an output channel; activations are brought to 8 bits on the way.
 * - `int4`: 4 bits and one scale for 32 weights; computed in float32.
 *
 * Weights that the checkpoint does not store so are converted once, into a cache.
 */
export type ModelDType = (typeof modelDTypes)[number]

/** Told while weights are converted: bytes read and to be read, of one part of the model. */
export type ConversionProgress = (part: string, done: number, total: number) => void

/** The dtype that a user named. Throws `invalid-argument` with those that there are. */
export function parseModelDType(name: string): ModelDType {
  const dtype = modelDTypes.find((known) => known === name)
  if (dtype !== undefined) return dtype
  throw new FlagError('invalid-argument', `unknown dtype "${name}"`, {
    hint: `known: ${modelDTypes.join(', ')}`,
  })
}

/** Where converted weights are kept: in `$FLAG_CACHE`, or in `~/.cache/flag`. */
export const conversionCache = (): string =>
  join(process.env.FLAG_CACHE || join(homedir(), '.cache', 'flag'), 'quantized')

export interface PrecisionOptions {
  dtype?: ModelDType
  /** Names the file in the cache: `text`, `vision`. */
  part: string
  onProgress?: ConversionProgress
  /** Holds the files that are opened, to be closed when the model is. */
  opened: Checkpoint[]
}

/** What `compile` has to be told for a model's part to run with weights of this dtype. */
export function inPrecision<R>({ dtype = 'auto', ...options }: PrecisionOptions): Pick<
  SessionOptions,
  'optimization'
> & {
  prepare?(traced: Traced<R>): Promise<Traced<R>>
} {
  if (parseModelDType(dtype) === 'auto' || dtype === 'fp32') return {}
  const precision = dtype as WeightPrecision
  return {
    // At any other level the runtime makes a float32 copy of all weights.
    ...(dtype === 'fp16' || dtype === 'bf16' ? { optimization: 'disabled' as const } : {}),
    prepare: (traced) => convert(traced, precision, options),
  }
}

/** The traced function over weights in `precision`, which are converted unless the cache has them. */
async function convert<R>(
  traced: Traced<R>,
  precision: WeightPrecision,
  options: Omit<PrecisionOptions, 'dtype'>,
): Promise<Traced<R>> {
  const conversions = conversionsOf(traced, precision)
  if (conversions.length === 0) return traced
  const file = await convertedFile(conversions, precision, options)
  const checkpoint = await openCheckpoint(file)
  options.opened.push(checkpoint)
  return withConverted(traced, conversions, (name) => checkpoint.info(name))
}

/** Changes when the same weights would be converted to something else. */
const VERSION = 1

async function convertedFile(
  conversions: readonly WeightConversion[],
  precision: WeightPrecision,
  { part, onProgress }: Omit<PrecisionOptions, 'dtype'>,
): Promise<string> {
  const files = conversions.flatMap(({ stored }) => (stored.source ? [stored.source.path] : []))
  // What lies in no file as it is has a name that tells its contents.
  const read = conversions.flatMap(({ stored }) => (stored.source ? [] : [stored.name]))
  const fingerprint = await fingerprintOfFiles([...new Set(files)].sort(), read)
  const file = join(conversionCache(), `${fingerprint}-${precision}-${VERSION}`, `${part}.safetensors`)
  if (await holds(file, conversions)) return file
  await makeRoom(file, conversions)
  await writeConverted(file, conversions, { precision, fingerprint }, (done, total) =>
    onProgress?.(part, done, total),
  )
  return file
}

/** Whether a file of the cache has all these weights. Files are complete or not there; another model's may be. */
async function holds(file: string, conversions: readonly WeightConversion[]): Promise<boolean> {
  if (!(await stat(file).catch(() => undefined))) return false
  const checkpoint = await openCheckpoint(file)
  try {
    return convertedLayout(conversions).every(({ name, dtype, shape }) => {
      const found = checkpoint.has(name) ? checkpoint.info(name) : undefined
      return found?.dtype === dtype && found.shape.join() === shape.join()
    })
  } finally {
    await checkpoint.close()
  }
}

/** After this time nobody is writing a file any more: its process was killed. */
const ABANDONED = 3600e3

/** Makes the file's folder, removes what killed processes left in it, and checks that there is room on the disk. */
async function makeRoom(file: string, conversions: readonly WeightConversion[]): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FlagError('io', `${folder}: cannot be made: ${(cause as Error).message}`, {
      cause,
      hint: 'set FLAG_CACHE to a folder that can be written to',
    })
  })
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.tmp'))) {
    const left = join(folder, name)
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > ABANDONED) await rm(left, { force: true })
  }
  const size = convertedLayout(conversions).reduce(
    (sum, { dtype, shape }) => sum + byteLengthOf(dtype, shape),
    0,
  )
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= size) return
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`
  throw new FlagError(
    'io',
    `${folder}: converted weights take ${megabytes(size)}, ${megabytes(bavail * bsize)} are free`,
    { hint: 'make room, or set FLAG_CACHE to a folder on another disk' },
  )
}
