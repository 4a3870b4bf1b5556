import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DataError } from '../errors.ts'

const WINDOW = 1 << 20

/**
 * A file of binary numbers (little-endian), read from front to back through a small window, or at any place into memory
 * that the caller gives. Whatever would lie behind the end of the file is an error that names the thing and the place.
 */
export class BinaryFile {
  readonly path: string
  readonly size: number
  readonly #what: string
  readonly #descriptor: number
  #window = Buffer.alloc(0)
  #windowStart = 0
  /** Where the next value is read. */
  position = 0

  /**
   * @param what the kind of file, for errors: "a fastText model"
   * @throws DataError `not-found` or `io`
   */
  constructor(path: string, what: string) {
    this.path = path
    this.#what = what
    try {
      this.#descriptor = openSync(path, 'r')
      this.size = fstatSync(this.#descriptor).size
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      throw new DataError(code === 'ENOENT' ? 'not-found' : 'io', `${path}: ${message}`, {
        hint: `expected ${what}`,
        cause,
      })
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /** An error about what stands in the file. */
  corrupt(found: string): DataError {
    return new DataError('corrupt-file', `${this.path}: ${found}`, {
      hint: `expected ${this.#what}; the file is damaged, incomplete or of another kind`,
    })
  }

  /** @throws DataError `corrupt-file` unless so many bytes are left */
  require(bytes: number, what: string): void {
    const left = this.size - this.position
    if (!(bytes <= left))
      throw this.corrupt(`${what} at byte ${this.position} takes ${bytes} bytes, but ${left} are left`)
  }

  /** The next bytes; valid until the next call. */
  bytes(count: number, what: string): Buffer {
    this.require(count, what)
    const start = this.position - this.#windowStart
    this.position += count
    if (start >= 0 && start + count <= this.#window.length) return this.#window.subarray(start, start + count)
    this.#windowStart = this.position - count
    this.#window = Buffer.allocUnsafe(Math.min(Math.max(count, WINDOW), this.size - this.#windowStart))
    this.readAt(this.#windowStart, this.#window)
    return this.#window.subarray(0, count)
  }

  int32 = (what: string): number => this.bytes(4, what).readInt32LE(0)
  uint32 = (what: string): number => this.bytes(4, what).readUInt32LE(0)
  float64 = (what: string): number => this.bytes(8, what).readDoubleLE(0)
  bool = (what: string): boolean => this.bytes(1, what)[0] !== 0

  /** A number that counts things; above 2^53 it is no longer exact, and no file is that long. */
  int64 = (what: string): number => Number(this.bytes(8, what).readBigInt64LE(0))

  /** Bytes up to the next zero, which is passed over; valid until the next call. */
  zeroTerminated(what: string): Buffer {
    for (let reach = 256; ; reach *= 2) {
      const start = this.position
      const some = this.bytes(Math.min(reach, this.size - start), what)
      const end = some.indexOf(0)
      if (end >= 0) {
        this.position = start + end + 1
        return some.subarray(0, end)
      }
      if (start + some.length >= this.size) throw this.corrupt(`${what} at byte ${start} has no end`)
      this.position = start
    }
  }

  /** Numbers in memory of their own, aligned for their kind. */
  floats(count: number, what: string): Float32Array {
    this.require(4 * count, what)
    const values = new Float32Array(count)
    this.readAt(this.position, new Uint8Array(values.buffer))
    this.position += 4 * count
    return values
  }

  octets(count: number, what: string): Uint8Array {
    this.require(count, what)
    const values = new Uint8Array(count)
    this.readAt(this.position, values)
    this.position += count
    return values
  }

  /** Fills `target` with what stands at a place, wherever `position` is. */
  readAt(place: number, target: Uint8Array): void {
    // Node reads at most 2 GiB at a time.
    for (let done = 0; done < target.length; ) {
      const read = readSync(
        this.#descriptor,
        target,
        done,
        Math.min(target.length - done, 1 << 30),
        place + done,
      )
      if (read === 0) throw this.corrupt(`it ends at byte ${place + done}, while it is read`)
      done += read
    }
  }
}
