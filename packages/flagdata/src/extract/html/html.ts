import type { Json } from '../../document.ts'
import { mainText } from './mainText.ts'
import { pageMetadata } from './metadata.ts'
import { parseHtml } from './tree.ts'

/** What an extractor makes of a file: its text, and metadata to add to the document. */
export interface Extracted {
  text: string
  metadata: { [key: string]: Json }
}

/**
 * The text of an HTML page's own content and what the page says about itself: `title`, `date`, `author`, `language`,
 * `url`. The language is the one that the page declares, else the one that its text shows.
 */
export function extractHtml(html: string): Extracted {
  const root = parseHtml(html)
  const metadata = pageMetadata(root)
  const { text, language } = mainText(root, metadata.language)
  return { text, metadata: { ...metadata, ...(metadata.language === undefined && language ? { language } : {}) } }
}
