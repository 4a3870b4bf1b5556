import { open } from 'node:fs/promises'
import type { Media } from './document.ts'

/** Kinds of media by the endings of their files; everything else is `file`. */
const kinds: Record<string, { type: string; mime: string }> = {}
for (const [type, mimes] of Object.entries({
  image: { jpg: 'jpeg', jpeg: 'jpeg', png: 'png', gif: 'gif', webp: 'webp', avif: 'avif', bmp: 'bmp', tif: 'tiff', tiff: 'tiff', ppm: 'x-portable-pixmap', pgm: 'x-portable-graymap' }, // biome-ignore format: a table
  audio: { flac: 'flac', mp3: 'mpeg', wav: 'wav', ogg: 'ogg', m4a: 'mp4', opus: 'opus' },
  video: { mp4: 'mp4', webm: 'webm', avi: 'x-msvideo', mov: 'quicktime', mkv: 'x-matroska' },
}))
  for (const [extension, subtype] of Object.entries(mimes))
    kinds[extension] = { type, mime: `${type}/${subtype}` }

/** What the ending of a name says of its bytes: `1.jpg` is an image. */
export function kindOf(name: string): { type: string; mime: string } {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return Object.hasOwn(kinds, extension)
    ? kinds[extension]
    : { type: 'file', mime: 'application/octet-stream' }
}

/** Media that hold their bytes. */
export function mediaOfBytes(bytes: Uint8Array, name: string): Media {
  const { type, mime } = kindOf(name)
  return { type, url: `data:${mime};base64,${Buffer.from(bytes).toString('base64')}`, name }
}

const dataUrl = /^data:([^;,]*);base64,/

/** Whether the bytes are at hand: in the media themselves, or at a place in a file. */
export const hasBytes = ({ url, length }: Media): boolean => length !== undefined || dataUrl.test(url)

/**
 * The bytes of media that have them.
 *
 * @throws the system's error if the file cannot be read
 */
export async function bytesOf({ url, offset = 0, length }: Media): Promise<Buffer> {
  const head = dataUrl.exec(url)
  if (head) return Buffer.from(url.slice(head[0].length), 'base64')
  const file = await open(url)
  try {
    const bytes = Buffer.alloc(length ?? 0)
    await file.read(bytes, 0, bytes.length, offset)
    return bytes
  } finally {
    await file.close()
  }
}

/** An ending for the bytes: of the name, or after the type of a data URL. */
export function extensionOf({ url, name }: Media): string {
  if (name !== undefined) return name
  const mime = dataUrl.exec(url)?.[1]
  return Object.keys(kinds).find((extension) => kinds[extension].mime === mime) ?? 'bin'
}
