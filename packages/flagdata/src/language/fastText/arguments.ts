import { DataError } from '../../errors.ts'
import type { BinaryFile } from '../binaryFile.ts'

const MAGIC = 793712314
const VERSION = 12

/** The losses by their numbers in the file. */
const LOSSES = [undefined, 'hs', 'ns', 'softmax', 'ova'] as const
export type LossName = 'hs' | 'ns' | 'softmax' | 'ova'

const MODELS: Record<number, string> = { 1: 'cbow', 2: 'skipgram' }
const SUPERVISED = 3

/** What a model was trained with, as its file says. */
export interface Arguments {
  dim: number
  ws: number
  epoch: number
  minCount: number
  neg: number
  wordNgrams: number
  loss: LossName
  /** Rows of the input matrix that n-grams share. */
  bucket: number
  /** Lengths of character n-grams, in characters; 0 where there are none. */
  minn: number
  maxn: number
  lrUpdateRate: number
  t: number
}

/**
 * Reads magic number, version and arguments.
 *
 * @throws DataError `corrupt-file` for what is not a model, `unsupported` for word vectors and later versions
 */
export function readArguments(file: BinaryFile): Arguments {
  const magic = file.int32('the magic number')
  if (magic !== MAGIC) throw file.corrupt(`it begins with ${magic}, not with ${MAGIC}`)
  const version = file.int32('the version')
  if (version > VERSION || version < 11)
    throw new DataError('unsupported', `${file.path}: version ${version} of fastText's format`, {
      hint: 'versions 11 and 12 are read',
    })
  const [dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate] =
    Array.from({ length: 12 }, () => file.int32('the arguments'))
  const t = file.float64('the arguments')
  const name = LOSSES[loss]
  if (dim <= 0 || dim > 1e6) throw file.corrupt(`vectors of ${dim} numbers`)
  if (name === undefined) throw file.corrupt(`loss ${loss}, which does not exist`)
  if (bucket < 0) throw file.corrupt(`${bucket} buckets`)
  if (model !== SUPERVISED) {
    const kind = MODELS[model]
    if (kind === undefined) throw file.corrupt(`model ${model}, which does not exist`)
    throw new DataError('unsupported', `${file.path}: word vectors (${kind}), which predict no label`, {
      hint: 'expected a model that "fasttext supervised" or trainFastText made',
    })
  }
  // Supervised models of version 11 know no character n-grams, whatever their arguments say.
  return {
    ...{ dim, ws, epoch, minCount, neg, wordNgrams, loss: name, bucket },
    ...{ minn, maxn: version === 11 ? 0 : maxn, lrUpdateRate, t },
  }
}

/** Magic number, version and arguments as they stand in the file. */
export function writeArguments(it: Arguments): Buffer {
  const numbers = [
    ...[MAGIC, VERSION, it.dim, it.ws, it.epoch, it.minCount, it.neg, it.wordNgrams],
    ...[LOSSES.indexOf(it.loss), SUPERVISED, it.bucket, it.minn, it.maxn, it.lrUpdateRate],
  ]
  const bytes = Buffer.alloc(4 * numbers.length + 8)
  numbers.forEach((value, i) => {
    bytes.writeInt32LE(value, 4 * i)
  })
  bytes.writeDoubleLE(it.t, 4 * numbers.length)
  return bytes
}
