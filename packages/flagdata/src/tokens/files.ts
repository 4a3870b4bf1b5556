import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { DataError } from '../errors.ts'
import { openAtomic, writeAtomic } from '../writers/atomic.ts'

/** A file of tokens that is being written, document by document. */
export interface TokenWriter {
  /** Adds a document, or a part of one that ends at each of `ends`; numbers or the bytes of the file. */
  add(tokens: readonly number[] | Uint8Array, ends?: readonly number[]): Promise<void>
  readonly tokens: number
  /** Brings all to disk, still under a temporary name. */
  finish(): Promise<void>
  commit(): Promise<void>
  discard(): Promise<void>
}

export interface TokenFileOptions {
  bytesPerToken: 2 | 4
  /** Named in the metadata. */
  tokenizer: string
  /** Whether a file of one byte per token says which tokens count in training; padding does not. */
  loss?: boolean
}

/** Bytes that are collected before they are written. */
const BUFFER = 1 << 20

/** Collects small writes. */
function buffered(file: { write(bytes: Uint8Array): Promise<unknown> }) {
  let buffer = Buffer.allocUnsafe(BUFFER)
  let length = 0
  const flush = async () => {
    if (length === 0) return
    const full = buffer.subarray(0, length)
    length = 0
    buffer = Buffer.allocUnsafe(BUFFER)
    await file.write(full)
  }
  return {
    async write(bytes: Uint8Array): Promise<void> {
      if (length + bytes.length > BUFFER) await flush()
      if (bytes.length > BUFFER) await file.write(bytes)
      else {
        buffer.set(bytes, length)
        length += bytes.length
      }
    },
    flush,
  }
}

function bytesOf(tokens: readonly number[] | Uint8Array, bytesPerToken: 2 | 4): Uint8Array {
  if (tokens instanceof Uint8Array) return tokens
  const bytes = Buffer.allocUnsafe(tokens.length * bytesPerToken)
  for (let i = 0; i < tokens.length; i++)
    if (bytesPerToken === 2) bytes.writeUInt16LE(tokens[i], 2 * i)
    else bytes.writeUInt32LE(tokens[i], 4 * i)
  return bytes
}

/**
 * datatrove's file of tokens: `{path}` holds unsigned numbers of 16 or 32 bits, little-endian, `{path}.index` the end of
 * each document in tokens (64 bits), `{path}.metadata` tokenizer, size and count, and with `loss` `{path}.loss` a byte per
 * token. The index takes 8 bytes of memory per document.
 */
export async function openTokenFile(
  path: string,
  options: TokenFileOptions,
): Promise<
  TokenWriter & {
    /** Adds tokens that do not count in training. */
    pad(tokens: readonly number[]): Promise<void>
  }
> {
  const { bytesPerToken, tokenizer, loss = false } = options
  const output = await openAtomic(path)
  const lossOutput = loss ? await openAtomic(`${path}.loss`) : undefined
  const file = buffered(output.file)
  const lossFile = lossOutput && buffered(lossOutput.file)
  const ends: number[] = []
  let count = 0
  const add = async (
    tokens: readonly number[] | Uint8Array,
    own: readonly number[] | undefined,
    counts: 0 | 1,
  ) => {
    const bytes = bytesOf(tokens, bytesPerToken)
    const length = bytes.length / bytesPerToken
    for (const end of own ?? [length]) ends.push(count + end)
    count += length
    await file.write(bytes)
    await lossFile?.write(new Uint8Array(length).fill(counts))
  }
  const finish = async () => {
    await file.flush()
    await lossFile?.flush()
  }
  return {
    add: (tokens, own) => add(tokens, own, 1),
    pad: (tokens) => add(tokens, undefined, 0),
    get tokens() {
      return count
    },
    finish,
    async commit() {
      await finish()
      await writeAtomic(`${path}.index`, new Uint8Array(BigUint64Array.from(ends, BigInt).buffer))
      await writeAtomic(`${path}.metadata`, `${tokenizer}|${bytesPerToken}\n${count}\n${metric(count)}`)
      await lossOutput?.commit()
      // The tokens come last: where they are, the rest is.
      await output.commit()
    },
    async discard() {
      await lossOutput?.discard()
      await output.discard()
    },
  }
}

/** A count as people read it, three digits and a prefix of the SI, as datatrove's metadata show it: `22.1 kT`. */
export function metric(count: number): string {
  const exponent = count === 0 ? 0 : Math.floor(Math.log10(count))
  const prefix = ['', 'k', 'M', 'G', 'T', 'P'][Math.floor(exponent / 3)]
  return `${(count / 1000 ** Math.floor(exponent / 3)).toFixed(2 - (exponent % 3))} ${prefix}T`
}

/**
 * Megatron-LM's indexed dataset: `{prefix}.bin` and `{prefix}.idx` with lengths (32 bits), byte offsets (64) and documents
 * (64). Each document is one sequence. Tokens of 4 bytes are signed there.
 */
export async function openMegatronFile(
  prefix: string,
  { bytesPerToken }: Pick<TokenFileOptions, 'bytesPerToken'>,
): Promise<TokenWriter> {
  const output = await openAtomic(`${prefix}.bin`)
  const file = buffered(output.file)
  const lengths: number[] = []
  let count = 0
  return {
    async add(tokens, ends) {
      const bytes = bytesOf(tokens, bytesPerToken)
      const length = bytes.length / bytesPerToken
      let start = 0
      for (const end of ends ?? [length]) {
        lengths.push(end - start)
        start = end
      }
      count += length
      await file.write(bytes)
    },
    get tokens() {
      return count
    },
    finish: () => file.flush(),
    async commit() {
      await file.flush()
      const header = Buffer.alloc(34)
      header.write('MMIDIDX\0\0', 'latin1')
      header.writeBigUInt64LE(1n, 9)
      header.writeUInt8(bytesPerToken === 4 ? 4 : 8, 17)
      header.writeBigUInt64LE(BigInt(lengths.length), 18)
      header.writeBigUInt64LE(BigInt(lengths.length + 1), 26)
      const pointers = new BigInt64Array(lengths.length)
      for (let i = 1; i < lengths.length; i++)
        pointers[i] = pointers[i - 1] + BigInt(lengths[i - 1] * bytesPerToken)
      const documents = BigInt64Array.from({ length: lengths.length + 1 }, (_, i) => BigInt(i))
      const parts = [Int32Array.from(lengths), pointers, documents].map(
        ({ buffer }) => new Uint8Array(buffer),
      )
      await writeAtomic(`${prefix}.idx`, Buffer.concat([header, ...parts]))
      await output.commit()
    },
    discard: () => output.discard(),
  }
}

/** A file of tokens that is there. */
export interface TokenFile {
  readonly path: string
  readonly bytesPerToken: 2 | 4
  readonly tokenizer: string
  /** Where each document ends, in tokens. */
  readonly ends: Float64Array
  /** The bytes of the tokens from `start` to `end`. */
  read(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * Opens what `openTokenFile` or datatrove wrote.
 *
 * @throws DataError `corrupt-file` if the index does not fit the tokens
 */
export async function readTokenFile(path: string): Promise<TokenFile> {
  const index = await readFile(`${path}.index`).catch((cause) => {
    throw new DataError('corrupt-file', `${path}: its index ${basename(path)}.index cannot be read`, {
      cause,
    })
  })
  if (index.length % 8 !== 0)
    throw new DataError('corrupt-file', `${path}.index: ${index.length} bytes, expected a multiple of 8`)
  const ends = Float64Array.from({ length: index.length / 8 }, (_, i) => Number(index.readBigUInt64LE(8 * i)))
  const metadata = await readFile(`${path}.metadata`, 'utf8').catch(() => '')
  const [, tokenizer = '', given] = metadata.match(/^(.*)\|([24])\n/) ?? []
  const { size } = await stat(path)
  const count = ends.at(-1) ?? 0
  const bytesPerToken = given !== undefined ? Number(given) : size / Math.max(count, 1)
  if ((bytesPerToken !== 2 && bytesPerToken !== 4) || size !== count * bytesPerToken)
    throw new DataError(
      'corrupt-file',
      `${path}: ${size} bytes, but its index says ${count} tokens${given ? ` and its metadata ${given} bytes each` : ''}`,
    )
  for (let i = 1; i < ends.length; i++)
    if (ends[i] < ends[i - 1])
      throw new DataError('corrupt-file', `${path}.index: document ${i} ends before it starts`)
  const file = await open(path)
  return {
    path,
    bytesPerToken,
    tokenizer,
    ends,
    async read(start, end) {
      const bytes = Buffer.allocUnsafe((end - start) * bytesPerToken)
      await file.read(bytes, 0, bytes.length, start * bytesPerToken)
      return bytes
    },
    close: () => file.close(),
  }
}
