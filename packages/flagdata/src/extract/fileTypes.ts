import { extname } from 'node:path'

/** A kind of file that there is an extractor for. */
interface FileType {
  /** The name of the step that reads it. */
  extractor: string
  types: readonly string[]
  extensions: readonly string[]
}

const fileTypes: readonly FileType[] = [
  {
    extractor: 'html-text',
    types: ['text/html', 'application/xhtml+xml'],
    extensions: ['.html', '.htm', '.xhtml', '.shtml'],
  },
  { extractor: 'pdf-text', types: ['application/pdf'], extensions: ['.pdf'] },
  { extractor: 'epub-text', types: ['application/epub+zip'], extensions: ['.epub'] },
  {
    extractor: 'docx-text',
    types: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    extensions: ['.docx'],
  },
  { extractor: 'latex-text', types: ['application/x-tex', 'text/x-tex'], extensions: ['.tex', '.latex'] },
  { extractor: 'plain', types: ['text/plain', 'text/markdown'], extensions: ['.txt', '.text', '.md'] },
]

/** The media type of a file, by its name's ending. */
export function mediaTypeOf(file: string): string | undefined {
  const extension = extname(file).toLowerCase()
  return fileTypes.find(({ extensions }) => extensions.includes(extension))?.types[0]
}

/** The name of the step that reads a media type. */
export const extractorOf = (mediaType: string | undefined): string | undefined =>
  fileTypes.find(({ types }) => mediaType !== undefined && types.includes(mediaType))?.extractor
