import { once } from 'node:events'
import { createGzip, type Gzip } from 'node:zlib'
import type { Compression } from '../readers/chunks.ts'
import { openAtomic } from './atomic.ts'

/** Text is handed to the compressor in blocks of about this many UTF-16 units. */
const BLOCK = 256 * 1024

export const endings: Record<Compression, string> = { none: '', gzip: '.gz', zstd: '.zst' }

/** Writes text to a file, compressed, under a temporary name until `commit`. The same text gives the same bytes. */
export interface TextWriter {
  /** Returns a promise only when the caller should wait. */
  write(text: string): Promise<void> | undefined
  commit(): Promise<void>
  discard(): Promise<void>
}

export async function openTextWriter(path: string, compression: Compression): Promise<TextWriter> {
  const output = await openAtomic(path)
  const { file } = output
  const encoder = await encoders[compression]((bytes) => file.writeFile(bytes))
  let block = ''
  const flush = () => {
    const full = block
    block = ''
    return encoder.write(full)
  }
  return {
    write(text) {
      block += text
      return block.length < BLOCK ? undefined : flush()
    },
    async commit() {
      if (block !== '') await flush()
      await encoder.end()
      await output.commit()
    },
    async discard() {
      encoder.destroy()
      await output.discard()
    },
  }
}

interface Encoder {
  write(text: string): Promise<void>
  end(): Promise<void>
  destroy(): void
}

const encoders: Record<Compression, (sink: (bytes: Uint8Array) => Promise<void>) => Promise<Encoder>> = {
  async none(sink) {
    return { write: (text) => sink(Buffer.from(text)), end: async () => {}, destroy() {} }
  },
  async gzip(sink) {
    const stream: Gzip = createGzip()
    const written = (async () => {
      for await (const chunk of stream) await sink(chunk)
    })()
    // Awaited in `end`; a failure before that must not end the process.
    written.catch(() => {})
    return {
      async write(text) {
        if (!stream.write(text)) await Promise.race([once(stream, 'drain'), written])
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
    const { compress, init } = await import('@bokuweb/zstd-wasm')
    await init()
    return { write: (text) => sink(compress(Buffer.from(text), 3)), end: async () => {}, destroy() {} }
  },
}
