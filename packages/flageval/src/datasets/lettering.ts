import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { FlagError } from '@flag/core-tensor'
import * as hb from 'harfbuzzjs'
import { packageFolder, remembered } from './packages.ts'

/** Fonts of npm packages for every script; no font of the system is used, so pictures are equal everywhere. */
const FONTS = {
  latin: ['@fontsource/noto-sans', 'noto-sans-latin-400-normal'],
  cyrillic: ['@fontsource/noto-sans', 'noto-sans-cyrillic-400-normal'],
  greek: ['@fontsource/noto-sans', 'noto-sans-greek-400-normal'],
  devanagari: ['@fontsource/noto-sans', 'noto-sans-devanagari-400-normal'],
  arabic: ['@fontsource/noto-sans-arabic', 'noto-sans-arabic-arabic-400-normal'],
  chinese: ['@fontsource/zcool-xiaowei', 'zcool-xiaowei-chinese-simplified-400-normal'],
  japanese: ['@fontsource/sawarabi-gothic', 'sawarabi-gothic-japanese-400-normal'],
  korean: ['@fontsource/gugi', 'gugi-korean-400-normal'],
} as const
export type FontName = keyof typeof FONTS

export const fontPackages = [...new Set(Object.values(FONTS).map(([name]) => name))]

/** The font for a language's script. */
export function fontFor(language: string): FontName {
  const own: Record<string, FontName> = {
    ru: 'cyrillic',
    el: 'greek',
    hi: 'devanagari',
    ar: 'arabic',
    zh: 'chinese',
    ja: 'japanese',
    ko: 'korean',
  }
  return own[language] ?? 'latin'
}

/** Bytes of the TrueType or OpenType font in a WOFF 1.0 file (W3C recommendation of 2012). */
export function unpackWoff(file: Uint8Array, name: string): Uint8Array {
  const woff = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const isWoff = woff.length > 44 && woff.toString('latin1', 0, 4) === 'wOFF'
  if (!isWoff || woff.readUInt32BE(8) !== woff.length)
    throw new FlagError('corrupt-file', `${name}: not a whole WOFF font`, {
      hint: 'install its package again',
    })
  const count = woff.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, i) => {
    const at = 44 + 20 * i
    const [offset, packed, length] = [4, 8, 12].map((k) => woff.readUInt32BE(at + k))
    const bytes = woff.subarray(offset, offset + packed)
    return {
      head: woff.subarray(at, at + 4),
      sum: woff.subarray(at + 16, at + 20),
      bytes: packed < length ? inflateSync(bytes) : bytes,
    }
  })
  const directory = Buffer.alloc(12 + 16 * count)
  woff.copy(directory, 0, 4, 8)
  directory.writeUInt16BE(count, 4)
  const power = Math.floor(Math.log2(count))
  directory.writeUInt16BE(16 << power, 6)
  directory.writeUInt16BE(power, 8)
  directory.writeUInt16BE(16 * count - (16 << power), 10)
  let place = directory.length
  const parts: Uint8Array[] = [directory]
  tables.forEach(({ head, sum, bytes }, i) => {
    const at = 12 + 16 * i
    head.copy(directory, at)
    sum.copy(directory, at + 4)
    directory.writeUInt32BE(place, at + 8)
    directory.writeUInt32BE(bytes.length, at + 12)
    const padding = -bytes.length & 3
    parts.push(bytes, Buffer.alloc(padding))
    place += bytes.length + padding
  })
  return Buffer.concat(parts)
}

const fontOf = remembered((name) => {
  const [folder, base] = FONTS[name as FontName]
  const path = join(packageFolder(folder), 'files', `${base}.woff`)
  const bytes = unpackWoff(readFileSync(path), path)
  const face = new hb.Face(new hb.Blob(bytes))
  return { font: new hb.Font(face), upem: face.upem }
})

export interface LetteringOptions {
  /** Size of the letters as a share of what fits. Default 1. */
  scale?: number
  ink?: string
  paper?: string
}

/** The glyphs of a word from left to right; undefined when the font lacks a character. */
function shaped(word: string, font: hb.Font) {
  const buffer = new hb.Buffer()
  buffer.addText(word)
  buffer.guessSegmentProperties()
  hb.shape(font, buffer)
  const places = buffer.getGlyphPositions()
  const glyphs = buffer.getGlyphInfos().map(({ codepoint }, i) => ({ glyph: codepoint, ...places[i] }))
  return glyphs.every(({ glyph }) => glyph !== 0) ? glyphs : undefined
}

export const canDraw = (word: string, fontName: FontName): boolean =>
  shaped(word, fontOf(fontName).font) !== undefined

/**
 * A word shaped by HarfBuzz and drawn as outlines that fill the width of a square picture of 96 pixels, as an SVG.
 * Throws `invalid-argument` when the font lacks a character.
 */
export function drawWord(word: string, fontName: FontName, options: LetteringOptions = {}): Uint8Array {
  const { scale = 1, ink = '#000', paper = '#fff' } = options
  const { font, upem } = fontOf(fontName)
  const glyphs = shaped(word, font)
  if (!glyphs)
    throw new FlagError('invalid-argument', `"${word}": the font ${fontName} lacks a character of it`)
  let x = 0
  const paths = glyphs.map(({ glyph, xAdvance, xOffset, yOffset }) => {
    const path = `<path transform="translate(${x + xOffset} ${yOffset})" d="${font.glyphToPath(glyph)}"/>`
    x += xAdvance
    return path
  })
  const zoom = scale * Math.min(88 / x, 40 / upem)
  const [left, base] = [(96 - zoom * x) / 2, 48 + 0.3 * zoom * upem]
  return new TextEncoder().encode(
    `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96"><rect width="96" height="96" fill="${paper}"/><g fill="${ink}" transform="translate(${left.toFixed(2)} ${base.toFixed(2)}) scale(${zoom.toFixed(5)} ${(-zoom).toFixed(5)})">${paths.join('')}</g></svg>`,
  )
}
