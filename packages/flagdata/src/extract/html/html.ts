import type { Extract } from '../extractor.ts'
import { textOfSource } from '../source.ts'
import { mainText } from './mainText.ts'
import { pageMetadata } from './metadata.ts'
import { parseHtml } from './tree.ts'

/**
 * The text of an HTML page's own content, and what the page says about itself: `title`, `date`, `author`, `language`,
 * `url`. The language is the one that the page declares, else the one that its function words show.
 */
export const extractHtml: Extract = (source) => {
  const root = parseHtml(textOfSource(source))
  const metadata = pageMetadata(root)
  const { text, language } = mainText(root, metadata.language)
  return { text, metadata: { ...(language ? { language } : {}), ...metadata } }
}
