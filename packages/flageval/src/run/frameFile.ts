import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const LENGTH_BYTES = 4
const CHECK_BYTES = 4

/**
 * An append-only file of frames, each its length, its bytes and their CRC: a kill loses the frame that was being written
 * and no other.
 */
export class FrameFile {
  readonly #file: FileHandle
  #size: number

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#size = size
  }

  /** Opens or creates a file. `onFrame` is given every whole frame; an unfinished one and all after it are dropped. */
  static async open(path: string, onFrame: (frame: Buffer) => void): Promise<FrameFile> {
    const known = existsSync(path)
    const bytes = known ? await readFile(path) : Buffer.alloc(0)
    let size = 0
    while (size + LENGTH_BYTES <= bytes.length) {
      const end = size + LENGTH_BYTES + bytes.readUInt32LE(size)
      if (end + CHECK_BYTES > bytes.length) break
      const frame = bytes.subarray(size + LENGTH_BYTES, end)
      if (crc32(frame) !== bytes.readUInt32LE(end)) break
      onFrame(frame)
      size = end + CHECK_BYTES
    }
    const file = await open(path, known ? 'r+' : 'w+')
    await file.truncate(size)
    return new FrameFile(file, size)
  }

  async append(frame: Uint8Array): Promise<void> {
    const bytes = Buffer.alloc(LENGTH_BYTES + frame.length + CHECK_BYTES)
    bytes.writeUInt32LE(frame.length, 0)
    bytes.set(frame, LENGTH_BYTES)
    bytes.writeUInt32LE(crc32(frame), LENGTH_BYTES + frame.length)
    await this.#file.write(bytes, 0, bytes.length, this.#size)
    this.#size += bytes.length
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The file of a model in a cache folder, by its fingerprint. Makes the folder. */
export async function cacheFile(folder: string, fingerprint: string, extension: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = createHash('sha256').update(fingerprint).digest('hex').slice(0, 32)
  return join(folder, `${name}.${extension}`)
}
