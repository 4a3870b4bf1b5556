import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import type { TextItem as PdfItem } from 'pdfjs-dist/types/src/display/api.js'
import { bytesOf } from '../epub.ts'
import type { Extract } from '../extractor.ts'
import { type Line, linesOfPage, type TextItem } from './lines.ts'
import { joinLines, withoutRepeated } from './pages.ts'

export interface PdfOptions {
  maxPages: number
  joinHyphens: boolean
  dropRepeated: boolean
}

/** Maps of characters for Chinese, Japanese and Korean fonts, and metrics of the standard fonts, lie in the package. */
const folder = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))

/**
 * The text of a PDF file: lines in the order of reading, joined to paragraphs, without headers and footers that repeat;
 * with `title`, `author`, `date` and `pages`. A scanned page has no text to give. Reads with pdf.js, which runs no
 * script of the file.
 *
 * @throws what pdf.js says about a damaged or encrypted file
 */
export const extractPdf: Extract = async ({ name, bytes }, options) => {
  const { maxPages, joinHyphens, dropRepeated } = options as unknown as PdfOptions
  const data = Uint8Array.from(bytesOf(name, bytes))
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs')
  const task = getDocument({
    data,
    cMapUrl: join(folder, 'cmaps') + sep,
    cMapPacked: true,
    standardFontDataUrl: join(folder, 'standard_fonts') + sep,
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    verbosity: 0,
  })
  try {
    const file = await task.promise
    const pages: Line[][] = []
    for (let number = 1; number <= Math.min(file.numPages, maxPages); number++) {
      const page = await file.getPage(number)
      const { items } = await page.getTextContent()
      pages.push(linesOfPage(items.filter((it): it is PdfItem => 'str' in it).map(toItem)))
      page.cleanup()
    }
    const { info } = await file.getMetadata()
    return {
      text: joinLines(dropRepeated ? withoutRepeated(pages) : pages, joinHyphens),
      metadata: { ...describe(info as Record<string, unknown>), pages: file.numPages },
    }
  } finally {
    await task.destroy()
  }
}

function toItem({ str, transform, width }: PdfItem): TextItem {
  const [a, b, , , x, y] = transform as number[]
  return { text: str, x, y, width, height: Math.hypot(a, b) }
}

function describe({ Title, Author, CreationDate }: Record<string, unknown>): { [key: string]: string } {
  const date = typeof CreationDate === 'string' ? /^D:(\d{4})(\d{2})(\d{2})/.exec(CreationDate) : null
  return {
    ...(typeof Title === 'string' && Title.trim() !== '' && { title: Title.trim() }),
    ...(typeof Author === 'string' && Author.trim() !== '' && { author: Author.trim() }),
    ...(date && { date: date.slice(1).join('-') }),
  }
}
