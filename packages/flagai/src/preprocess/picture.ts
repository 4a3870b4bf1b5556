import { readFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import type { Metadata, Sharp } from 'sharp'
import { firstFrame } from './gif.ts'

/** Pixels, 3 bytes each (red, green, blue), row by row from the top. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
  /** With `keepMode`: how opaque each pixel is, where the file says so. */
  readonly alpha?: Uint8Array
  /** With `keepMode`: the file has a palette, or black and white only. */
  readonly indexed?: boolean
}

/** A picture: a file's path, a file's bytes, or decoded pixels. */
export type ImageInput = string | Uint8Array | RgbImage

export interface DecodeOptions {
  /**
   * Apply the EXIF orientation, as transformers' `load_image` does. Default true; false is plain
   * `Image.open(file)`. TIFF is always turned upright, as Pillow does while it reads.
   */
  orient?: boolean
  /**
   * Colour to lay transparent pictures on, `[red, green, blue]`. By default transparency is dropped and the
   * colour stored under it shows, as with Pillow's `convert('RGB')`; `[255, 255, 255]` gives what the image
   * processors of transformers 5 do. Vector pictures store no colour there: they are laid on white.
   */
  background?: readonly [number, number, number]
  /** Say of what mode a picture is for Pillow, for `resizeInMode`. Default false. */
  keepMode?: boolean
  /** Pixels of the shorter edge at which vector pictures (SVG) are drawn at least. Default 224. */
  vectorSize?: number
  /** Pictures with more pixels are refused. Default 178,956,970, where Pillow refuses, too. */
  maxPixels?: number
}

const white = [255, 255, 255] as const

/** libvips' message without the lines that only repeat it, and without a file's control characters. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\s+/g, ' ').trim().slice(0, 160)
}

function nameOf(image: ImageInput): string {
  return typeof image === 'string' ? image : 'picture'
}

async function bytesOf(image: string | Uint8Array): Promise<Uint8Array> {
  if (typeof image !== 'string') return image
  try {
    return await readFile(image)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new FlagError(
      missing ? 'not-found' : 'io',
      `${image}: ${missing ? 'no such file' : reasonOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

function checkPixels(image: RgbImage): RgbImage {
  const { width, height, data } = image
  if (!(Number.isSafeInteger(width) && width > 0 && Number.isSafeInteger(height) && height > 0)) {
    throw new FlagError('invalid-argument', `a picture of ${width} × ${height} pixels`)
  }
  if (data.length !== width * height * 3) {
    throw new FlagError(
      'invalid-argument',
      `a picture of ${width} × ${height} RGB pixels needs ${width * height * 3} bytes, got ${data.length}`,
    )
  }
  return image
}

/** Pillow's CMYK to RGB: no ink profiles, `255 - ink` scaled by `255 - black`. */
function fromCmyk(data: Uint8Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    const light = 255 - data[i * 4 + 3]
    for (let c = 0; c < 3; c++) {
      const product = data[i * 4 + c] * light + 128
      rgb[i * 3 + c] = light - (((product >> 8) + product) >> 8)
    }
  }
  return rgb
}

/** Pillow clips 16-bit grey to 8 bits instead of scaling it: everything from 255 up is white. */
function fromGrey16(data: Uint16Array, pixels: number, channels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) rgb.fill(Math.min(255, data[i * channels]), i * 3, i * 3 + 3)
  return rgb
}

/** Pillow's `alpha_composite` on an opaque colour, which works with 7 extra bits. */
function compose(
  data: Uint8Array,
  pixels: number,
  background: readonly [number, number, number],
): Uint8Array {
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    const over = data[i * 4 + 3] << 7
    const under = (255 << 7) - over
    for (let c = 0; c < 3; c++) {
      const sum = data[i * 4 + c] * over + background[c] * under + (128 << 7)
      rgb[i * 3 + c] = ((sum >> 8) + sum) >> 15
    }
  }
  return rgb
}

function dropAlpha(data: Uint8Array, pixels: number, channels: number): Uint8Array {
  if (channels === 3) return data
  const rgb = new Uint8Array(pixels * 3)
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)]
  }
  return rgb
}

/** Gives the pixels that a GIF's first frame does not paint the colour that Pillow shows there. */
function showHidden(data: Uint8Array, width: number, channels: number, file: Uint8Array): void {
  const { left, top, right, bottom, transparent, hidden } = firstFrame(file)
  for (let at = 0, i = 0; at < data.length; at += channels, i++) {
    const x = i % width
    const y = Math.trunc(i / width)
    const outside = x < left || x >= right || y < top || y >= bottom
    if (!outside && (channels < 4 || data[at + 3] !== 0)) continue
    data.set(hidden, at)
    if (!transparent && channels === 4) data[at + 3] = 255
  }
}

async function pixelsOf(pipeline: Sharp, metadata: Metadata, file: Uint8Array, options: DecodeOptions) {
  const background = options.background ?? (metadata.format === 'svg' ? white : undefined)
  if (metadata.space === 'cmyk') {
    const { data, info } = await pipeline
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, data: fromCmyk(data, info.width * info.height) }
  }
  if (metadata.space === 'grey16' && !metadata.hasAlpha) {
    const { data, info } = await pipeline
      .pipelineColourspace('grey16')
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true })
    const words = new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    return {
      width: info.width,
      height: info.height,
      data: fromGrey16(words, info.width * info.height, info.channels),
    }
  }
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true })
  const pixels = info.width * info.height
  if (metadata.format === 'gif') showHidden(data, info.width, info.channels, file)
  const rgb =
    info.channels === 4 && background
      ? compose(data, pixels, background)
      : dropAlpha(data, pixels, info.channels)
  const mode = options.keepMode ? modeOf(metadata, file) : {}
  const alpha =
    mode.alpha && (info.channels === 2 || info.channels === 4)
      ? Uint8Array.from({ length: pixels }, (_, i) => data[(i + 1) * info.channels - 1])
      : undefined
  return { width: info.width, height: info.height, data: rgb, alpha, indexed: mode.indexed }
}

/** Whether Pillow keeps opacity, or places in a palette, as it opens a file. */
function modeOf({ format, hasAlpha }: Metadata, file: Uint8Array): { alpha?: boolean; indexed?: boolean } {
  if (format === 'gif') return { indexed: true }
  if (format !== 'png') return { alpha: hasAlpha }
  const [bits, colour] = [file[24], file[25]]
  return { alpha: colour === 4 || colour === 6, indexed: colour === 3 || (colour === 0 && bits === 1) }
}

/**
 * Decodes a picture to RGB with the same bytes as Pillow's `convert('RGB')`: palettes and grey expanded,
 * 16-bit colour cut to its high byte, CMYK by Pillow's formula, colour profiles and gamma ignored, the first
 * frame of animations. Reads png, jpeg, webp, gif, tiff, avif and svg (whatever sharp reads).
 *
 * Equal to Pillow 13 on every kind in `goldens/preprocess` except AVIF, whose YUV is converted by another
 * library (differences of 1).
 * Throws `not-found`, `corrupt-file` (empty, unknown, truncated or damaged), `unsupported` (too many pixels).
 */
export async function decode(image: ImageInput, options: DecodeOptions = {}): Promise<RgbImage> {
  if (typeof image === 'object' && !(image instanceof Uint8Array)) return checkPixels(image)
  const file = await bytesOf(image)
  const name = nameOf(image)
  if (file.length === 0) throw new FlagError('corrupt-file', `${name}: the file is empty, expected a picture`)
  const maxPixels = options.maxPixels ?? 178_956_970
  // Loaded where it is used: most programs let other threads decode.
  const { default: sharp } = await import('sharp')
  try {
    const base = { ignoreIcc: true, failOn: 'error', limitInputPixels: false } as const
    const metadata = await sharp(file, base).metadata()
    const { width, height } = metadata
    if (width * height > maxPixels) {
      throw new FlagError(
        'unsupported',
        `${name}: ${width} × ${height} pixels, more than the limit of ${maxPixels}`,
        {
          hint: 'make the picture smaller, or raise maxPixels if you trust it',
        },
      )
    }
    const stretch = (options.vectorSize ?? 224) / Math.min(width, height)
    const vector = metadata.format === 'svg' && stretch > 1
    const density = vector ? Math.min(100_000, (metadata.density ?? 72) * stretch) : undefined
    const pipeline = sharp(file, density === undefined ? base : { ...base, density })
    if ((options.orient ?? true) || metadata.format === 'tiff') pipeline.autoOrient()
    return await pixelsOf(pipeline, metadata, file, options)
  } catch (error) {
    if (error instanceof FlagError) throw error
    throw new FlagError('corrupt-file', `${name}: not a readable picture (${reasonOf(error)})`, {
      cause: error,
    })
  }
}
