import { type FileHandle, open } from 'node:fs/promises'
import { constants, crc32, inflateRawSync } from 'node:zlib'
import { type Range, whole } from './ranges.ts'

/** A gzip member (RFC 1952, section 2.2) of a file, and what it holds. */
interface Member {
  start: number
  end: number
  content: Buffer
}

/** Compressed and decompressed bytes of the largest member at which a file is cut. */
const MAX_MEMBER = 4 * 1024 * 1024
const MAX_CONTENT = 256 * 1024 * 1024
const TRAILER = 8

/**
 * Cuts a gzip file between members, such as those of WARC files, of bgzip, or of parts that were concatenated. Where a
 * member ends is known only by inflating it: two bytes that look like a beginning may lie anywhere in compressed data,
 * a whole valid member too. So members are inflated one after the other and their checksums compared. From the first
 * one on that is larger than 4 MiB (as in a file of one member) or damaged, the rest is one range.
 *
 * @param isWhole whether a member holds whole records; the first that does not ends the cutting too
 */
export async function cutGzip(
  path: string,
  size: number,
  step: number,
  isWhole: (content: Buffer) => boolean = () => true,
): Promise<Range[]> {
  const ranges: Range[] = []
  let [start, inflatedStart, inflated] = [0, 0, 0]
  let [before, last] = [0, 0]
  const add = (end: number, inflatedEnd: number) =>
    ranges.push({ start, end, inflated: { start: inflatedStart, end: inflatedEnd, before } })
  for await (const { end, content } of gzipMembers(path)) {
    if (!isWhole(content)) break
    inflated += content.length
    last = content.at(-1) ?? last
    if (end - start < step || end >= size) continue
    add(end, inflated)
    ;[start, inflatedStart, before] = [end, inflated, last]
  }
  if (ranges.length === 0) return whole(size)
  add(size, Number.MAX_SAFE_INTEGER)
  return ranges
}

async function* gzipMembers(path: string): AsyncGenerator<Member> {
  const file = await open(path)
  try {
    for (let start = 0; ; ) {
      const member = await memberAt(file, start)
      if (member === undefined) return
      yield member
      start = member.end
    }
  } finally {
    await file.close()
  }
}

async function memberAt(file: FileHandle, start: number): Promise<Member | undefined> {
  for (let window = 64 * 1024; window <= MAX_MEMBER; window *= 4) {
    const bytes = Buffer.allocUnsafe(window)
    const { bytesRead } = await file.read(bytes, 0, window, start)
    const member = inflate(bytes.subarray(0, bytesRead))
    if (member) return { start, end: start + member.length, content: member.content }
    if (bytesRead < window) return undefined
  }
  return undefined
}

/** The member that some bytes begin with; undefined if they hold no whole and sound one. */
function inflate(bytes: Buffer): { length: number; content: Buffer } | undefined {
  const header = headerLength(bytes)
  if (header === undefined || bytes.length < header + TRAILER) return undefined
  try {
    const { buffer, engine } = inflateRawSync(bytes.subarray(header), {
      info: true,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_CONTENT,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    const end = header + engine.bytesWritten
    if (end + TRAILER > bytes.length) return undefined
    const isSound =
      bytes.readUInt32LE(end) === crc32(buffer) && bytes.readUInt32LE(end + 4) === buffer.length % 2 ** 32
    return isSound ? { length: end + TRAILER, content: buffer } : undefined
  } catch {
    // Damaged, or larger than is cut: both end the cutting, and what reads the rest says what it is.
    return undefined
  }
}

const [HEADER_CRC, EXTRA, NAME, COMMENT] = [2, 4, 8, 16]

/** RFC 1952, section 2.3. */
function headerLength(bytes: Buffer): number | undefined {
  if (bytes.length < 10 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return undefined
  const flags = bytes[3]
  let at = 10
  if (flags & EXTRA) {
    if (bytes.length < at + 2) return undefined
    at += 2 + bytes.readUInt16LE(at)
  }
  for (const flag of [NAME, COMMENT]) {
    if (!(flags & flag)) continue
    const end = bytes.indexOf(0, at)
    if (end < 0) return undefined
    at = end + 1
  }
  return flags & HEADER_CRC ? at + 2 : at
}
