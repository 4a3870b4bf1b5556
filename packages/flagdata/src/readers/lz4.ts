const MAGIC = 0x184d2204

/** The most that a frame may decompress to. */
const MAX_CONTENT = 1024 * 1024 * 1024

/**
 * The content of an LZ4 frame (LZ4 frame format 1.6). Checksums are passed over.
 *
 * @throws Error if the frame is damaged or holds more than 1 GiB
 */
export function decompressLz4Frame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw new Error('no LZ4 frame')
  const flags = frame[4]
  const [hasBlockChecksum, hasSize, hasDictionary] = [flags & 0x10, flags & 0x08, flags & 0x01]
  const blockSize = 1 << (2 * ((frame[5] >> 4) & 7) + 8)
  let at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0)
  let output = new Uint8Array(Math.max(blockSize, 4 * frame.length))
  let written = 0
  for (;;) {
    const length = view.getUint32(at, true)
    at += 4
    if (length === 0) return output.subarray(0, written)
    const block = frame.subarray(at, at + (length & 0x7fffffff))
    if (written + blockSize > output.length) {
      if (written + blockSize > MAX_CONTENT) throw new Error('an LZ4 frame of more than 1 GiB')
      const larger = new Uint8Array(output.length * 2)
      larger.set(output)
      output = larger
    }
    if (length & 0x80000000) {
      output.set(block, written)
      written += block.length
    } else written = decompressBlock(block, output, written)
    at += block.length + (hasBlockChecksum ? 4 : 0)
  }
}

/** Decompresses a block (LZ4 block format) behind what was written before, which matches may refer to. */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let [at, to] = [0, start]
  const length = (nibble: number) => {
    let sum = nibble
    if (nibble === 15)
      for (let byte = 255; byte === 255; ) {
        byte = block[at++]
        if (byte === undefined) throw new Error('a damaged LZ4 block')
        sum += byte
      }
    return sum
  }
  while (at < block.length) {
    const token = block[at++]
    const literals = length(token >> 4)
    if (at + literals > block.length || to + literals > output.length) throw new Error('a damaged LZ4 block')
    output.set(block.subarray(at, at + literals), to)
    at += literals
    to += literals
    // The last sequence has no match.
    if (at >= block.length) break
    const offset = block[at] | (block[at + 1] << 8)
    at += 2
    const match = length(token & 15) + 4
    if (offset === 0 || offset > to || to + match > output.length) throw new Error('a damaged LZ4 block')
    for (let i = 0; i < match; i++, to++) output[to] = output[to - offset]
  }
  return to
}
