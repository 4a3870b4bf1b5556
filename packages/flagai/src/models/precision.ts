import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  byteLengthOf,
  type Checkpoint,
  type CompileOptions,
  conversionsOf,
  convertedLayout,
  FlagError,
  openCheckpoint,
  prepareCacheFolder,
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

/** Where converted and packed weights are kept: in `$FLAG_CACHE`, or in `~/.cache/flag`. */
const cache = (kind: 'quantized' | 'packed') =>
  join(process.env.FLAG_CACHE || join(homedir(), '.cache', 'flag'), kind)

/** Where converted weights are kept. */
export const conversionCache = (): string => cache('quantized')

export interface PrecisionOptions {
  dtype?: ModelDType
  /** Names the file in the cache: `text`, `vision`. */
  part: string
  onProgress?: ConversionProgress
  /** Whether weights are also kept in the layout that the processor's kernels read: see `PretrainedOptions`. */
  packed?: boolean
  /** Holds the files that are opened, to be closed when the model is. */
  opened: Checkpoint[]
}

/** What `compile` has to be told for a model's part to run with weights of this dtype. */
export function inPrecision<R>({ dtype = 'auto', packed, ...options }: PrecisionOptions): Pick<
  CompileOptions,
  'optimization' | 'packWeights' | 'packedFolder'
> & {
  prepare?(traced: Traced<R>): Promise<Traced<R>>
} {
  const packing = {
    ...(packed ? { packWeights: true } : {}),
    ...((packed ?? dtype === 'int8') ? { packedFolder: cache('packed') } : {}),
  }
  if (parseModelDType(dtype) === 'auto' || dtype === 'fp32') return packing
  const precision = dtype as WeightPrecision
  return {
    ...packing,
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
  await prepareCacheFolder(dirname(file), sizeOf(conversions), 'converted weights')
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

const sizeOf = (conversions: readonly WeightConversion[]): number =>
  convertedLayout(conversions).reduce((sum, { dtype, shape }) => sum + byteLengthOf(dtype, shape), 0)
