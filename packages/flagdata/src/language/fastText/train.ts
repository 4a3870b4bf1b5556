import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { DataError } from '../../errors.ts'
import { type Arguments, writeArguments } from './arguments.ts'
import { Dictionary } from './dictionary.ts'
import { Rows } from './features.ts'
import { DenseMatrix } from './matrix.ts'
import { MinimalStandard } from './random.ts'
import { updateOf } from './update.ts'
import { vocabularyOf } from './vocabulary.ts'

const { fround } = Math

export const trainSchema = z.strictObject({
  loss: z.enum(['softmax', 'hs', 'ova', 'ns']).default('softmax'),
  dim: z.int().min(1).max(10_000).default(100).describe('length of the vectors'),
  epoch: z.int().min(1).default(5).describe('how often the text is read'),
  lr: z.number().positive().default(0.1).describe('learning rate at the start; it falls to zero'),
  wordNgrams: z.int().min(1).default(1).describe('longest word n-grams'),
  minn: z.int().min(0).default(0).describe('shortest character n-grams'),
  maxn: z.int().min(0).default(0).describe('longest character n-grams; 0 for none'),
  bucket: z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .default(2_000_000)
    .describe('rows that n-grams share'),
  minCount: z.int().min(1).default(1).describe('rarer words are left out'),
  minCountLabel: z.int().min(0).default(0).describe('rarer labels are left out'),
  neg: z.int().min(1).default(5).describe('negative samples, for the loss ns'),
  lrUpdateRate: z.int().min(1).default(100).describe('words after which the learning rate is set anew'),
})

export type TrainOptions = z.input<typeof trainSchema>

export interface Training {
  words: number
  labels: number
  /** Lines with a label, over all epochs. */
  examples: number
  /** The mean loss. */
  loss: number
}

/**
 * Trains a classifier and writes it as a `.bin` file that fastText's program and package open. The bytes of the file are
 * those that `fasttext supervised -thread 1` writes with the same options, where that is built without fused
 * multiply-add.
 *
 * As there with one thread, only the first tenth of the input matrix starts at random and the rest at zero. The text and
 * the rows of its lines are kept in memory: four bytes for every word and n-gram.
 *
 * @param input a text file, a line per example: labels (`__label__good`) and words, separated by spaces
 * @throws DataError `not-found` or `io`, `invalid-argument` for options and for a text without labels or words
 *
 * Source: Joulin et al. 2016, Bag of Tricks for Efficient Text Classification (https://arxiv.org/abs/1607.01759)
 */
export async function trainFastText(
  input: string,
  output: string,
  options: TrainOptions = {},
  onProgress: (share: number) => void = () => {},
): Promise<Training> {
  const parsed = trainSchema.safeParse(options)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]
    throw new DataError('invalid-argument', `trainFastText.${path.join('.')}: ${message}`)
  }
  const text = await readFile(input).catch((cause) => {
    throw new DataError(cause.code === 'ENOENT' ? 'not-found' : 'io', `${input}: ${cause.message}`, { cause })
  })
  const { minCountLabel, lr, ...rest } = parsed.data
  const hasNgrams = rest.wordNgrams > 1 || rest.maxn > 0
  const args: Arguments = { ...rest, ws: 5, t: 1e-4, bucket: hasNgrams ? rest.bucket : 0 }
  const entries = vocabularyOf(text, args.minCount, minCountLabel)
  const dictionary = new Dictionary(args, entries)
  const wi = new DenseMatrix(entries.words + args.bucket, args.dim)
  const wo = new DenseMatrix(entries.labels, args.dim)
  randomise(wi)
  const { examples, loss } = fit(args, lr, dictionary, readExamples(dictionary, text), wi, wo, onProgress)

  const temporary = `${output}.${process.pid}.part`
  try {
    await writeFile(temporary, [
      ...[writeArguments(args), dictionary.write(), Buffer.alloc(1), ...matrixBytes(wi)],
      ...[Buffer.alloc(1), ...matrixBytes(wo)],
    ])
    await rename(temporary, output)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new DataError('io', `${output}: ${(cause as Error).message}`, { cause })
  }
  return { words: entries.words, labels: entries.labels, examples, loss }
}

function* matrixBytes({ rows, columns, values }: DenseMatrix): Generator<Buffer> {
  const head = Buffer.alloc(16)
  head.writeBigInt64LE(BigInt(rows), 0)
  head.writeBigInt64LE(BigInt(columns), 8)
  yield head
  yield Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

function randomise({ values, columns }: DenseMatrix): void {
  const random = new MinimalStandard(0)
  const reach = fround(1 / columns)
  const end = Math.floor(values.length / 10)
  for (let i = 0; i < end; i++) values[i] = random.uniform(-reach, reach)
}

/** Lines as what is learnt from: `rows[starts[i]] …` and the labels of each, and how many words it counts for. */
interface Examples {
  rows: Int32Array
  starts: number[]
  labels: number[][]
  tokens: number[]
}

function readExamples(dictionary: Dictionary, text: Buffer): Examples {
  const rows = new Rows()
  const examples: Omit<Examples, 'rows'> = { starts: [0], labels: [], tokens: [] }
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf(0x0a, at)
    const end = newline < 0 ? text.length : newline
    const labels: number[] = []
    const onLabel = (label: number) => labels.push(label)
    const tokens = dictionary.addLine(rows, text, at, end, { marksEnd: newline >= 0, onLabel })
    examples.starts.push(rows.length)
    examples.labels.push(labels)
    examples.tokens.push(tokens)
    at = dictionary.stoppedAt < end ? dictionary.stoppedAt : end + 1
  }
  return { ...examples, rows: rows.values.slice(0, rows.length) }
}

function fit(
  args: Arguments,
  lr: number,
  { entries }: Dictionary,
  { rows, starts, labels, tokens }: Examples,
  wi: DenseMatrix,
  wo: DenseMatrix,
  onProgress: (share: number) => void,
): { examples: number; loss: number } {
  const { dim } = args
  const [hidden, gradient] = [new Float32Array(dim), new Float32Array(dim)]
  const random = new MinimalStandard(0)
  const labelCounts = entries.counts.subarray(entries.words)
  const update = updateOf(args.loss, {
    ...{ output: wo, hidden, gradient, labelCounts, negatives: args.neg, random },
  })
  const total = args.epoch * entries.tokens
  let [done, local, examples, loss] = [0, 0, 0, 0]
  for (let line = 0; done < total; line = (line + 1) % tokens.length) {
    const rate = fround(lr * (1 - fround(fround(done) / fround(total))))
    local += tokens[line]
    const [from, to] = [starts[line], starts[line + 1]]
    const targets = labels[line]
    if (targets.length > 0 && to > from) {
      const share = fround(1 / (to - from))
      hidden.fill(0)
      gradient.fill(0)
      for (let i = from; i < to; i++) wi.addRow(hidden, rows[i])
      for (let j = 0; j < dim; j++) hidden[j] = fround(hidden[j] * share)
      const chosen = args.loss === 'ova' ? 0 : random.below(targets.length)
      loss += update(targets[chosen], targets, rate)
      examples++
      for (let j = 0; j < dim; j++) gradient[j] = fround(gradient[j] * share)
      for (let i = from; i < to; i++) wi.addToRow(gradient, rows[i])
    }
    if (local > args.lrUpdateRate) {
      done += local
      local = 0
      if (!Number.isFinite(loss))
        throw new DataError('runtime', 'the training ran away: its numbers are no longer finite', {
          hint: 'choose a lower learning rate (lr)',
        })
      onProgress(Math.min(1, done / total))
    }
  }
  return { examples, loss: examples > 0 ? loss / examples : 0 }
}
