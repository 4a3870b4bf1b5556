import type { ByteStream } from './byteStream.ts'

const BLOCK = 512
/** Long names and extended headers are read whole; more than this is no name. */
const MAX_HEADER = 1024 * 1024

/** A regular file in a tar file. */
export interface TarMember {
  name: string
  size: number
  /** Of its (first) header, and of its content. */
  offset: number
  content: number
}

/** Says what ended the reading too early. */
export type OnTarDamage = (kind: 'truncated-tar' | 'corrupt-tar', offset: number, found: string) => void

/**
 * The regular files of a tar file (POSIX ustar and pax, GNU long names). The content of a member has to be read or
 * skipped from the stream before the next one is asked for; what is left is skipped.
 */
export async function* tarMembers(stream: ByteStream, onDamage: OnTarDamage): AsyncGenerator<TarMember> {
  let extended: { path?: string; size?: number } = {}
  let first: number | undefined
  let isLost = false
  for (;;) {
    const offset = stream.offset
    first ??= offset
    const header = await stream.read(BLOCK)
    if (header.length === 0) return
    if (header.length < BLOCK && isLost) return
    if (header.length < BLOCK) return onDamage('truncated-tar', offset, 'the file ends in a header')
    // Two blocks of zeros end a tar file; one is enough to know.
    if (!isLost && header.every((byte) => byte === 0)) return
    if (!hasChecksum(header)) {
      // What follows is found again as tar does: at the next block that is a header.
      if (!isLost) onDamage('corrupt-tar', offset, 'no header where one should be')
      isLost = true
      first = undefined
      continue
    }
    isLost = false
    const size = extended.size ?? numberOf(header.subarray(124, 136))
    if (!(size >= 0)) return onDamage('corrupt-tar', offset, 'a header without a size')
    const type = String.fromCharCode(header[156])
    const padding = (BLOCK - (size % BLOCK)) % BLOCK
    if (type === 'x' || type === 'L') {
      if (size > MAX_HEADER) return onDamage('corrupt-tar', offset, `an extended header of ${size} bytes`)
      const content = await stream.read(size)
      if (content.length + (await stream.skip(padding)) < size + padding)
        return onDamage('truncated-tar', offset, 'the file ends in an extended header')
      if (type === 'L') extended.path = content.toString().replace(/\0.*$/s, '')
      else extended = { ...extended, ...paxRecords(content) }
      continue
    }
    const name = extended.path ?? ustarName(header)
    const content = stream.offset
    if (type === '0' || type === '\0' || type === '7') yield { name, size, offset: first, content }
    const end = content + size + padding
    const isWhole = (await stream.skip(end - stream.offset)) >= 0 && stream.offset === end
    // The padding of the last member may be missing; its content may not.
    if (!isWhole && stream.offset < content + size) {
      onDamage(
        'truncated-tar',
        offset,
        `the file ends at ${stream.offset} in ${name}, which ends at ${content + size}`,
      )
      return
    }
    extended = {}
    first = undefined
  }
}

/** Octal digits, or a big-endian number with the first bit set (GNU). */
function numberOf(field: Buffer): number {
  if ((field[0] & 0x80) === 0)
    return Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8)
  let value = field[0] & 0x7f
  for (const byte of field.subarray(1)) value = value * 256 + byte
  return value
}

function hasChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]
  return sum === numberOf(header.subarray(148, 156)) && sum > 8 * 0x20
}

function ustarName(header: Buffer): string {
  const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '')
  const prefix = text(257, 262) === 'ustar' && header[262] === 0 ? text(345, 500) : ''
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
}

/** Records `length key=value\n` of a pax header. */
function paxRecords(content: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const length = Number(content.toString('latin1', at, space))
    if (space < 0 || !(length > 0)) break
    const [key, ...value] = content.toString('utf8', space + 1, at + length - 1).split('=')
    if (key === 'path') found.path = value.join('=')
    if (key === 'size') found.size = Number(value.join('='))
    at += length
  }
  return found
}
