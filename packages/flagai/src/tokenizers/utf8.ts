/** UTF-8. Lone surrogates become U+FFFD, as everywhere on the web. */
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const toUtf8 = (text: string): Uint8Array => encoder.encode(text)
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

/** One character per byte: strings that compare and hash like the bytes. */
export const binaryOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Bytes of the character whose first byte is `lead`. */
export function characterLength(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** Bytes that grow as they are appended to. */
export class ByteBuilder {
  #bytes: Uint8Array
  length = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  push(byte: number): void {
    if (this.length === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2 + 64)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes[this.length++] = byte
  }

  endsWith(suffix: Uint8Array): boolean {
    const start = this.length - suffix.length
    return start >= 0 && suffix.every((byte, i) => this.#bytes[start + i] === byte)
  }

  /** What was written, without a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}
