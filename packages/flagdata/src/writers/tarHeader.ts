/** Tar files consist of blocks of this many bytes. */
export const TAR_BLOCK = 512

/** Bytes after a member up to the next block. */
export const paddingOf = (size: number): number => (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK

/**
 * The header of a regular file (POSIX.1-1988, ustar) with mode 0444 and no time, so that the same members give the
 * same bytes.
 *
 * @param name ASCII, at most 100 characters
 * @param size below 8 GiB
 */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(TAR_BLOCK)
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`
  header.write(name, 0, 100, 'latin1')
  header.write(octal(0o444, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        0', 148)
  header.write('ustar\u000000', 257, 'latin1')
  let sum = 0
  for (let i = 0; i < TAR_BLOCK; i++) sum += header[i]
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
