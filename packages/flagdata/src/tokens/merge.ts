import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MersenneTwister } from '../dedup/mersenneTwister.ts'
import { DataError } from '../errors.ts'
import { openMegatronFile, openTokenFile, readTokenFile, type TokenFile, type TokenWriter } from './files.ts'
import { type Part, packBestFit } from './pack.ts'

export interface MergeOptions {
  /** A folder of `.ds` files. */
  input: string
  output: string
  /** Output files are `000_{name}.ds`, `001_{name}.ds`, … */
  name?: string
  format?: 'datatrove' | 'megatron'
  /**
   * `as-is`: documents as they are. `documents`: in random order. `windows`: all tokens in windows of `length`, whatever
   * documents they cut, in random order; what is left at the end of a file is dropped. `packed`: whole documents packed
   * into sequences of `length` that are filled up with `padding`, in random order.
   */
  order?: 'as-is' | 'documents' | 'windows' | 'packed'
  /** Tokens of a window or sequence: the context and one more. */
  length?: number
  /** The token that fills sequences up. */
  padding?: number
  seed?: number
  /** A file that holds so many tokens is followed by another. */
  maxTokensPerFile?: number
  /** Stops after so many tokens. */
  maxTokens?: number
  onProgress?(done: number, total: number): void
}

export interface MergeResult {
  files: number
  documents: number
  tokens: number
  /** Tokens of windows that were not full. */
  dropped: number
  /** Tokens that only fill up. */
  padded: number
  /** Documents that were cut. */
  cut: number
}

/** What is written next: parts of files that belong together. */
type Block = readonly (Part & { file: number })[]

/**
 * Joins the token files of a folder into files for training, in the order that is asked for. The same input and seed give
 * the same bytes. Memory: about 40 bytes per document.
 *
 * @throws DataError `not-found` without token files, `invalid-argument` if they differ in token size, `corrupt-file`
 */
export async function mergeTokens(options: MergeOptions): Promise<MergeResult> {
  const { input, output, name = 'tokens', format = 'datatrove', order = 'documents', seed = 0 } = options
  const { length = 2049, padding, maxTokensPerFile = 100e9, maxTokens = Infinity, onProgress } = options
  if (order === 'packed' && padding === undefined)
    throw new DataError('invalid-argument', 'packed sequences need a padding token')
  if (order === 'packed' && format === 'megatron')
    throw new DataError('invalid-argument', 'megatron files cannot say which tokens are padding', {
      hint: 'write packed sequences as datatrove files',
    })
  const files = await openFolder(input)
  const result: MergeResult = { files: 0, documents: 0, tokens: 0, dropped: 0, padded: 0, cut: 0 }
  let writer: (TokenWriter & { pad?(tokens: readonly number[]): Promise<void> }) | undefined
  try {
    const [{ bytesPerToken, tokenizer }] = files
    const { count, block } = blocksOf(files, order, length, result)
    const permutation = order === 'as-is' ? undefined : shuffled(count, seed)
    for (let i = 0; i < count && result.tokens < maxTokens; i++) {
      if (writer !== undefined && writer.tokens >= maxTokensPerFile) {
        await writer.commit()
        writer = undefined
      }
      if (writer === undefined) {
        const path = join(output, `${String(result.files++).padStart(3, '0')}_${name}`)
        const open = { bytesPerToken, tokenizer, loss: order === 'packed' }
        writer =
          format === 'megatron' ? await openMegatronFile(path, open) : await openTokenFile(`${path}.ds`, open)
      }
      let filled = 0
      for (const { file, document, start, end } of block(permutation ? permutation[i] : i)) {
        const from = order === 'windows' || document === 0 ? 0 : files[file].ends[document - 1]
        const ends = order === 'windows' ? endsWithin(files[file].ends, start, end) : undefined
        await writer.add(await files[file].read(from + start, from + end), ends)
        filled += end - start
      }
      result.tokens += filled
      if (order === 'packed' && filled < length) {
        await writer.pad?.(new Array(length - filled).fill(padding))
        result.padded += length - filled
      }
      onProgress?.(i + 1, count)
    }
    await writer?.commit()
    return result
  } catch (error) {
    await writer?.discard()
    throw error
  } finally {
    for (const file of files) await file.close()
  }
}

async function openFolder(folder: string): Promise<TokenFile[]> {
  const names = (await readdir(folder).catch(() => [] as string[]))
    .filter((name) => name.endsWith('.ds'))
    .sort()
  if (names.length === 0)
    throw new DataError('not-found', `${folder}: no file of tokens`, { hint: 'expected names like 00000.ds' })
  const files: TokenFile[] = []
  try {
    for (const name of names) files.push(await readTokenFile(join(folder, name)))
    const other = files.find(({ bytesPerToken }) => bytesPerToken !== files[0].bytesPerToken)
    if (other)
      throw new DataError(
        'invalid-argument',
        `${other.path}: ${other.bytesPerToken} bytes per token, ${files[0].path}: ${files[0].bytesPerToken}`,
        {
          hint: 'they come from different tokenizers',
        },
      )
    return files
  } catch (error) {
    for (const file of files) await file.close()
    throw error
  }
}

/** How many blocks there are, and each of them. */
function blocksOf(
  files: readonly TokenFile[],
  order: NonNullable<MergeOptions['order']>,
  length: number,
  result: MergeResult,
): { count: number; block(i: number): Block } {
  result.documents = files.reduce((sum, { ends }) => sum + ends.length, 0)
  if (order === 'windows') {
    const firsts = firstsOf(files.map(({ ends }) => Math.floor((ends.at(-1) ?? 0) / length)))
    for (const { ends } of files) result.dropped += (ends.at(-1) ?? 0) % length
    return {
      count: firsts[files.length],
      block(i) {
        const file = owner(firsts, i)
        const start = (i - firsts[file]) * length
        return [{ file, document: 0, start, end: start + length }]
      },
    }
  }
  const firsts = firstsOf(files.map(({ ends }) => ends.length))
  const lengthOf = (i: number) => {
    const file = owner(firsts, i)
    const document = i - firsts[file]
    const { ends } = files[file]
    return { file, document, length: ends[document] - (document > 0 ? ends[document - 1] : 0) }
  }
  if (order !== 'packed')
    return {
      count: result.documents,
      block(i) {
        const { file, document, length } = lengthOf(i)
        return [{ file, document, start: 0, end: length }]
      },
    }
  const lengths = Float64Array.from({ length: result.documents }, (_, i) => lengthOf(i).length)
  result.cut = lengths.reduce((sum, tokens) => sum + (tokens > length ? 1 : 0), 0)
  const sequences = packBestFit(lengths, length)
  return {
    count: sequences.length,
    block: (i) => sequences[i].map(({ document, start, end }) => ({ ...lengthOf(document), start, end })),
  }
}

/** Where each file's blocks start when all are numbered, and the number of all at the end. */
function firstsOf(counts: readonly number[]): number[] {
  const firsts = [0]
  for (const count of counts) firsts.push((firsts.at(-1) as number) + count)
  return firsts
}

/** The file that a block belongs to. */
function owner(firsts: readonly number[], i: number): number {
  let [low, high] = [0, firsts.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (firsts[middle] <= i) low = middle
    else high = middle
  }
  return low
}

/** The ends of documents within a window, which itself is the last of them, from the window's start. */
function endsWithin(ends: Float64Array, start: number, end: number): number[] {
  let low = 0
  for (let high = ends.length; low < high; ) {
    const middle = (low + high) >> 1
    if (ends[middle] <= start) low = middle + 1
    else high = middle
  }
  const within: number[] = []
  for (; low < ends.length && ends[low] < end; low++) within.push(ends[low] - start)
  return [...within, end - start]
}

/** 0 to count - 1 in random order (Fisher and Yates). */
function shuffled(count: number, seed: number): Uint32Array {
  const random = new MersenneTwister(seed)
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const other = Number(random.nextUint64(0n, BigInt(i + 1)))
    ;[order[i], order[other]] = [order[other], order[i]]
  }
  return order
}
