/** Reads a stream of bytes by length: exactly so many, or up to a line end, or past so many. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  /** Offset of the next byte. */
  offset: number

  constructor(chunks: AsyncIterable<Buffer>, offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.offset = offset
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#chunks.next()
    if (done) return false
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
    return true
  }

  #take(length: number): Buffer {
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    this.offset += length
    return bytes
  }

  /** The next bytes; fewer only at the end. */
  async read(length: number): Promise<Buffer> {
    // Collected apart, so that a long read copies every byte once.
    const parts: Buffer[] = []
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#fill())) break
      const part = this.#take(Math.min(missing, this.#rest.length))
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  /** Passes over bytes; returns how many there were. */
  async skip(length: number): Promise<number> {
    let missing = length
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#fill())) break
      missing -= this.#take(Math.min(missing, this.#rest.length)).length
    }
    return length - missing
  }

  /** The next line with its end; what is there where the stream ends, or after `maxBytes`, without one. */
  async line(maxBytes: number): Promise<Buffer> {
    for (let from = 0; ; ) {
      const end = this.#rest.indexOf(0x0a, from)
      if (end >= 0 && end < maxBytes) return this.#take(end + 1)
      if (this.#rest.length >= maxBytes) return this.#take(maxBytes)
      from = this.#rest.length
      if (!(await this.#fill())) return this.#take(this.#rest.length)
    }
  }

  /** Releases what the bytes come from. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
