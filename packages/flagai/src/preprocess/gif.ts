/** The first frame of a GIF: where it lies on the screen and what Pillow shows where it has no pixels. */
export interface GifFrame {
  left: number
  top: number
  right: number
  bottom: number
  /** The frame has a transparent colour. */
  transparent: boolean
  /** `[red, green, blue]` that the palette has for the transparent colour; for colour 0 when there is none. */
  hidden: [number, number, number]
}

/**
 * Reads the first frame's descriptor and palette. Decoders that composite forget the colour of transparent
 * pixels; Pillow's `convert('RGB')` shows it, and fills the screen around the frame with it.
 *
 * Source: GIF89a specification, sections 18 to 23. Expects a file that a decoder has accepted.
 */
export function firstFrame(file: Uint8Array): GifFrame {
  const tableBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  const word = (at: number) => file[at] | (file[at + 1] << 8)
  let position = 13 + tableBytes(file[10])
  let index = 0
  let transparent = false
  while (file[position] === 0x21) {
    const isControl = file[position + 1] === 0xf9
    if (isControl && file[position + 3] & 1) {
      transparent = true
      index = file[position + 6]
    }
    position += 2
    while (file[position]) position += file[position] + 1
    position++
  }
  const [left, top] = [word(position + 1), word(position + 3)]
  const at = (file[position + 9] & 0x80 ? position + 10 : 13) + 3 * index
  return {
    left,
    top,
    right: left + word(position + 5),
    bottom: top + word(position + 7),
    transparent,
    hidden: [file[at] ?? 0, file[at + 1] ?? 0, file[at + 2] ?? 0],
  }
}
