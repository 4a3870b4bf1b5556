import type { Extract } from '../extractor.ts'
import { parseHtml } from '../html/tree.ts'
import { textOfSource } from '../source.ts'
import { type ContentRules, gneContent } from './content.ts'
import { gneTime } from './time.ts'
import { gneTitle } from './title.ts'

export interface GneOptions extends ContentRules {
  titleKey: string
  timeKey: string
  now?: string
}

/** Content, title and time of a news page as FlagData's HTML cleaner finds them. */
export const extractGne: Extract = (source, options) => {
  const { titleKey, timeKey, now, ...rules } = options as unknown as GneOptions
  const root = parseHtml(textOfSource(source).normalize('NFC'))
  const [title, time] = [gneTitle(root), gneTime(root, now)]
  return {
    text: gneContent(root, rules),
    metadata: { ...(title !== '' && { [titleKey]: title }), ...(time !== '' && { [timeKey]: time }) },
  }
}
