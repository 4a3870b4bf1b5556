import { once } from 'node:events'
import { createGzip, type Gzip } from 'node:zlib'
import type { Compression } from '../readers/chunks.ts'
import { openAtomic } from './atomic.ts'
import type { Codec } from './format.ts'
import { zstdCompressor } from './zstd.ts'

/** Text is handed to the compressor in blocks of about this many UTF-16 units. */
const BLOCK = 256 * 1024

/** Writes text to a file, compressed, under a temporary name until `commit`. The same text gives the same bytes. */
export interface TextWriter {
  /** Returns a promise only when the caller should wait. */
  write(text: string): Promise<void> | undefined
  /** Brings all to disk, still under the temporary name. */
  finish(): Promise<void>
  commit(): Promise<void>
  discard(): Promise<void>
}

export async function openTextWriter(path: string, codec: Codec, level?: number): Promise<TextWriter> {
  const output = await openAtomic(path)
  const { file } = output
  const encoder = await openEncoder(codec, (bytes) => file.writeFile(bytes), level)
  let block = ''
  const flush = () => {
    const full = block
    block = ''
    return encoder.write(full)
  }
  let isOpen = true
  const finish = async () => {
    if (!isOpen) return
    isOpen = false
    if (block !== '') await flush()
    await encoder.end()
    await output.finish()
  }
  return {
    write(text) {
      block += text
      return block.length < BLOCK ? undefined : flush()
    },
    finish,
    async commit() {
      await finish()
      await output.commit()
    },
    async discard() {
      encoder.destroy()
      await output.discard()
    },
  }
}

type Sink = (bytes: Uint8Array) => Promise<void>

interface Encoder {
  write(data: string | Uint8Array): Promise<void>
  end(): Promise<void>
  destroy(): void
}

/** Compresses what is written and hands it to a sink. */
export const openEncoder = (codec: Codec, sink: Sink, level?: number): Promise<Encoder> =>
  encoders[codec as Compression](sink, level)

const encoders: Record<Compression, (sink: Sink, level?: number) => Promise<Encoder>> = {
  async none(sink) {
    return { write: (data) => sink(Buffer.from(data)), end: async () => {}, destroy() {} }
  },
  async gzip(sink, level) {
    const stream: Gzip = createGzip({ level })
    const written = (async () => {
      for await (const chunk of stream) await sink(chunk)
    })()
    // Awaited in `end`; a failure before that must not end the process.
    written.catch(() => {})
    return {
      async write(data) {
        if (!stream.write(data)) await Promise.race([once(stream, 'drain'), written])
      },
      async end() {
        stream.end()
        await written
      },
      destroy: () => stream.destroy(),
    }
  },
  // One frame per block: concatenated frames are one stream, and memory stays bounded.
  async zstd(sink) {
    const compress = await zstdCompressor()
    return { write: (data) => sink(compress(Buffer.from(data))), end: async () => {}, destroy() {} }
  },
}
