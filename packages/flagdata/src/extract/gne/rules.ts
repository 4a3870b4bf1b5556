/**
 * The names that FlagData's HTML cleaner goes by, as it spells them (FlagOpen/FlagData 3.0, cleaner/utils/ruleset.py):
 * facts about Chinese and English news pages.
 */

/** Elements that are taken out with all they hold. */
export const USELESS_TAG = words('img style script link video iframe source picture header blockquote footer')

/** Elements that are taken out when they are empty, lest they count as tags. */
export const TAGS_CAN_BE_REMOVE_IF_EMPTY = words('source pre section h1 h2 h3 h4 h5 h6 span')

/** Classes of what is not content. */
export const USELESS_ATTR_KEYWORD = words(
  'video-title register fenxiang header comment foot share top fixedNav login fixed-bar logo contribution copyright copy-right disclaimer recommend related footer social submeta report-infor',
)

/** Classes that are taken out only where the whole attribute is this. */
export const USELESS_BLOCK_CLASS = words('UIlTO video-title video-from wap_special')

/** Parts of classes of content: an element that has one counts its text twice. */
export const CONTENT_ATTR_KEYWORD = words(
  'Section0 describe_text articleText newscontents detail content article news_txt post_text markdown',
)

/** Pieces of text that never are content. */
export const DELETE_SENTENCE = ['用微信扫码二维码', '分享至好友和朋友圈', '分享至', '0']

/** What counts as punctuation. */
export const BASE_PUNCTUATION = '；\'）“"《.”:?);？》(：、。（！，’‘%!,'

export const META_TITLE = words('og:title twitter:title')

/** An attribute of `meta` and what it contains, in the order in which they are asked. */
export const META_TIME: readonly (readonly ['name' | 'property' | 'itemprop' | 'pubdate', string])[] = [
  ['name', 'og:time'],
  ['name', 'PubDate'],
  ['name', 'pubtime'],
  ['name', '_pubtime'],
  ['name', 'apub:time'],
  ['pubdate', 'pubdate'],
  ['name', 'publishdate'],
  ['name', 'PublishDate'],
  ['name', 'sailthru.date'],
  ['itemprop', 'dateUpdate'],
  ['name', 'publication_date'],
  ['itemprop', 'datePublished'],
  ['property', 'og:release_date'],
  ['name', 'article_date_original'],
  ['property', 'og:published_time'],
  ['property', 'rnews:datePublished'],
  ['name', 'OriginalPublicationDate'],
  ['name', 'weibo: article:create_at'],
  ['property', 'article:published_time'],
]

interface TimePlace {
  tag: string
  attribute?: 'class' | 'id' | 'data-testid'
  /** What the attribute contains, or, with `whole`, is. */
  value: string
  whole?: boolean
  /** Where the time stands: in the element's own text, in all text below it, or in its `datetime`. */
  in: 'own' | 'all' | 'datetime'
}

/** Elements that show the time, in the order in which they are asked. */
export const SUPPLEMENT_TIME: readonly TimePlace[] = [
  { tag: 'div', attribute: 'class', value: 'time fix', whole: true, in: 'all' },
  { tag: 'span', attribute: 'id', value: 'pubtime_baidu', whole: true, in: 'own' },
  { tag: 'i', attribute: 'class', value: 'time', in: 'own' },
  { tag: 'span', value: '时间', in: 'own' },
  { tag: 'div', attribute: 'class', value: 'time', in: 'all' },
  { tag: 'span', attribute: 'class', value: 'date', in: 'own' },
  { tag: 'div', attribute: 'class', value: 'info', in: 'all' },
  { tag: 'span', attribute: 'class', value: 'time', in: 'own' },
  { tag: 'div', attribute: 'class', value: '_time', in: 'own' },
  { tag: 'span', attribute: 'id', value: 'paperdate', in: 'own' },
  { tag: 'em', attribute: 'id', value: 'publish_time', in: 'own' },
  { tag: 'time', attribute: 'data-testid', value: 'timestamp', whole: true, in: 'datetime' },
  { tag: 'span', attribute: 'id', value: 'articleTime', in: 'own' },
]

function words(text: string): readonly string[] {
  return text.split(' ')
}
