import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { Decompress } from 'fzstd'
import type { Piece } from './piece.ts'

/** Bytes of a file that are read at a time. */
const CHUNK = 256 * 1024

export type Compression = 'none' | 'gzip' | 'zstd'

/** The compression that a file's name promises. */
export function compressionOf(path: string): Compression {
  if (/\.gz$/i.test(path)) return 'gzip'
  return /\.zst$/i.test(path) ? 'zstd' : 'none'
}

/** Says that a compressed file is damaged, after everything before the damage was given out. */
export type OnDamage = (kind: string, found: string) => void

/**
 * The decompressed bytes of a file, or those of a byte range of a plain one. Memory is bounded by what one chunk of
 * the file decompresses to. A truncated or damaged file ends early and is reported; what came before is given out.
 */
export async function* readChunks(
  path: string,
  range: { start: number; end: number },
  onDamage: OnDamage,
): AsyncGenerator<Buffer> {
  const compression = compressionOf(path)
  if (compression === 'none') yield* rawChunks(path, range.start, range.end)
  else if (compression === 'gzip') yield* gunzip(rawChunks(path, 0, Infinity), onDamage)
  else yield* unzstd(rawChunks(path, 0, Infinity), onDamage)
}

/**
 * The decompressed bytes of a piece and all that follows, as a record that begins in the piece may end after it; from
 * one byte before the piece on, which tells whether a line begins exactly at it. `start` and `end` are the piece in
 * decompressed bytes.
 */
export function pieceChunks(
  { path, start, end, inflated }: Pick<Piece, 'path' | 'start' | 'end' | 'inflated'>,
  onDamage: OnDamage,
): { chunks: AsyncGenerator<Buffer>; start: number; end: number } {
  // A piece of another file than the one that was cut starts at 0; then nothing is known of members.
  if (inflated !== undefined && start > 0)
    return { chunks: withByteBefore(inflated.before), start: inflated.start, end: inflated.end }
  async function* withByteBefore(before: number) {
    yield Buffer.of(before)
    yield* gunzip(rawChunks(path, start, Infinity), onDamage)
  }
  const isPlain = compressionOf(path) === 'none'
  const chunks = readChunks(path, { start: Math.max(0, start - 1), end: Infinity }, onDamage)
  return { chunks, start, end: isPlain ? end : (inflated?.end ?? Infinity) }
}

async function* rawChunks(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  const file = await open(path)
  try {
    for (let at = start; at < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, end - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function* gunzip(source: AsyncIterable<Buffer>, onDamage: OnDamage): AsyncGenerator<Buffer> {
  // The default, 16 kB, costs a turn of the event loop for every few documents.
  const stream = createGunzip({ chunkSize: CHUNK })
  let output: Buffer[] = []
  let failure: NodeJS.ErrnoException | undefined
  let settle = () => {}
  // Collected by hand: an async iterator over the stream may lose what was decompressed before an error.
  stream.on('data', (chunk: Buffer) => output.push(chunk))
  stream.on('error', (error) => {
    failure = error
    settle()
  })
  const feed = (action: (done: () => void) => void) =>
    new Promise<void>((resolve) => {
      settle = resolve
      action(resolve)
    })
  let empty = true
  try {
    for await (const chunk of source) {
      empty = false
      await feed((done) => stream.write(chunk, done))
      const ready = output
      output = []
      yield* ready
      if (failure) break
    }
    if (!failure && !empty) await feed((done) => stream.once('end', done).end())
    yield* output
    if (failure) {
      const truncated = failure.code === 'Z_BUF_ERROR'
      onDamage(truncated ? 'truncated-gzip' : 'corrupt-gzip', failure.message)
    }
  } finally {
    stream.destroy()
  }
}

async function* unzstd(source: AsyncIterable<Buffer>, onDamage: OnDamage): AsyncGenerator<Buffer> {
  let output: Buffer[] = []
  const stream = new Decompress((chunk) => output.push(Buffer.from(chunk)))
  let failure: Error | undefined
  let empty = true
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      stream.push(chunk, final)
    } catch (error) {
      failure = error as Error
    }
  }
  for await (const chunk of source) {
    empty = false
    push(chunk, false)
    const ready = output
    output = []
    yield* ready
    if (failure) break
  }
  if (!failure && !empty) push(new Uint8Array(0), true)
  yield* output
  if (failure) {
    const truncated = /EOF/i.test(failure.message)
    onDamage(truncated ? 'truncated-zstd' : 'corrupt-zstd', failure.message)
  }
}
