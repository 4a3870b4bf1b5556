import type { FileHandle } from 'node:fs/promises'

/** A message of Arrow IPC as it lies in a file. */
export interface ArrowMessage {
  kind: 'schema' | 'dictionary' | 'batch' | 'other'
  offset: number
  /** Bytes of prefix and metadata, then of the body. */
  headLength: number
  bodyLength: number
}

/** Says where the messages end though more should follow, or what is no message. */
export type OnBreak = (kind: 'truncated-arrow' | 'corrupt-arrow', offset: number, found: string) => void

const CONTINUATION = 0xffffffff
/** Metadata of a message is small; more means that this is none. */
const MAX_METADATA = 64 * 1024 * 1024

/**
 * The messages of Arrow IPC (columnar format, "Serialization and IPC"), streams and files, without reading their
 * bodies. A file is a stream between a magic number and a footer that repeats where its batches lie; it is read as the
 * stream, so that a file without its end gives what is there.
 */
export async function* arrowMessages(
  file: FileHandle,
  size: number,
  onBreak: OnBreak,
): AsyncGenerator<ArrowMessage> {
  const { Message, MessageHeader } = await import('apache-arrow')
  const kinds: Partial<Record<number, ArrowMessage['kind']>> = {
    [MessageHeader.Schema]: 'schema',
    [MessageHeader.DictionaryBatch]: 'dictionary',
    [MessageHeader.RecordBatch]: 'batch',
  }
  const read = async (offset: number, length: number) => {
    const bytes = Buffer.alloc(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    return bytes.subarray(0, bytesRead)
  }
  const isFile = (await read(0, 6)).toString('latin1') === 'ARROW1'
  for (let offset = isFile ? 8 : 0; ; ) {
    const prefix = await read(offset, 8)
    // Streams may just end, files may not.
    if (prefix.length === 0 && !isFile && offset > 0) return
    if (prefix.length < 4) return onBreak('truncated-arrow', offset, 'the file ends without an end mark')
    const isLegacy = prefix.readUInt32LE(0) !== CONTINUATION
    if (!isLegacy && prefix.length < 8)
      return onBreak('truncated-arrow', offset, 'the file ends in a message')
    const length = isLegacy ? prefix.readInt32LE(0) : prefix.readInt32LE(4)
    if (length === 0) return
    const start = offset + (isLegacy ? 4 : 8)
    if (length < 0 || length > MAX_METADATA)
      return onBreak('corrupt-arrow', offset, 'no message of Arrow IPC')
    const metadata = await read(start, length)
    if (metadata.length < length)
      return isPlausible(metadata)
        ? onBreak('truncated-arrow', offset, 'the file ends in a message')
        : onBreak('corrupt-arrow', offset, 'no message of Arrow IPC')
    let [kind, bodyLength]: [ArrowMessage['kind'], number] = ['other', 0]
    try {
      const message = Message.decode(metadata)
      kind = kinds[message.headerType] ?? 'other'
      bodyLength = Number(message.bodyLength)
    } catch (error) {
      return onBreak('corrupt-arrow', offset, `no message of Arrow IPC: ${(error as Error).message}`)
    }
    const end = start + length + bodyLength
    if (!(bodyLength >= 0)) return onBreak('corrupt-arrow', offset, 'no message of Arrow IPC')
    if (end > size)
      return onBreak('truncated-arrow', offset, `the file ends at ${size} in a message that ends at ${end}`)
    yield {
      kind,
      offset,
      headLength: start + length - offset,
      bodyLength,
    }
    offset = end
  }
}

/** The root of a flatbuffer lies within its first bytes' reach. */
const isPlausible = (metadata: Buffer) => metadata.length < 4 || metadata.readUInt32LE(0) < MAX_METADATA
