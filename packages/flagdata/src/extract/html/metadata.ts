import { type Element, find, findAll, textOf } from './tree.ts'

/** What a page says about itself. Absent where it says nothing. */
export interface PageMetadata {
  title?: string
  /** ISO 8601: `2024-05-01`, or with a time where the page gives one. */
  date?: string
  author?: string
  /** BCP 47, as the page gives it: `en`, `zh-CN`. */
  language?: string
  /** The address that the page names as its own. */
  url?: string
}

/** Names of `meta` elements, in the order in which they are believed. */
const titleNames = ['og:title', 'twitter:title', 'citation_title', 'dc.title', 'dcterms.title']
const dateNames = [
  'article:published_time',
  'og:published_time',
  'datepublished',
  'citation_publication_date',
  'citation_date',
  'dc.date',
  'dc.date.issued',
  'dcterms.created',
  'dcterms.date',
  'parsely-pub-date',
  'sailthru.date',
  'publishdate',
  'publish_date',
  'pubdate',
  'publication_date',
  'date',
]
const authorNames = [
  'author',
  'article:author',
  'citation_author',
  'dc.creator',
  'dcterms.creator',
  'parsely-author',
  'sailthru.author',
  'twitter:creator',
]
const languageNames = ['content-language', 'og:locale', 'dc.language', 'language']

/** Longer values are no titles or names but something that went wrong. */
const LONGEST = 500
/** Linked data is read up to this size and this many nodes. */
const LONGEST_DATA = 1_000_000
const MOST_NODES = 10_000

/**
 * Title, date, author, language and canonical address of a page: from its linked data (schema.org as JSON-LD), its
 * `meta` elements (Open Graph, Dublin Core, Highwire), microdata and its own elements, in this order of belief for date
 * and author; for the title, `meta` first.
 */
export function pageMetadata(root: Element): PageMetadata {
  const named = metaValues(root)
  const data = linkedData(root)
  const first = (names: readonly string[]) =>
    names.map((name) => named.get(name)).find((it) => it !== undefined)
  const html = find(root, ({ tag }) => tag === 'html')?.attributes
  const metadata = {
    title: clean(first(titleNames) ?? data.headline ?? ownTitle(root)),
    date: isoDate(data.datePublished) ?? isoDate(first(dateNames)) ?? markedDate(root),
    author: clean(data.author ?? notAddress(first(authorNames)) ?? markedAuthor(root)),
    language: languageTag(html?.lang ?? html?.['xml:lang'] ?? first(languageNames)),
    url: absolute(linkTo(root, 'canonical') ?? named.get('og:url')),
  }
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined))
}

/** The first value of every named `meta` element. */
function metaValues(root: Element): Map<string, string> {
  const values = new Map<string, string>()
  for (const { attributes } of findAll(root, ({ tag }) => tag === 'meta')) {
    const { name, property, itemprop, content } = attributes
    const key = (property ?? name ?? itemprop ?? attributes['http-equiv'])?.toLowerCase()
    if (key !== undefined && content !== undefined && content.trim() !== '' && !values.has(key))
      values.set(key, content.trim())
  }
  return values
}

/** The page's own heading where `title` begins or ends with it; else `title` without the name of the site. */
function ownTitle(root: Element): string | undefined {
  const title = collapse(textOfFirst(root, ({ tag }) => tag === 'title'))
  const heading = collapse(textOfFirst(root, ({ tag }) => tag === 'h1'))
  if (title === undefined) return heading
  if (heading !== undefined && heading.length >= 3 && title.includes(heading)) return heading
  const parts = title.split(/ [-–—|·»:] /)
  const [longest] = [...parts].sort((a, b) => b.length - a.length)
  return parts.length > 1 && parts[0].length * 2 >= longest.length ? parts[0] : title
}

function markedDate(root: Element): string | undefined {
  const marked = findAll(
    root,
    ({ tag, attributes }) =>
      (tag === 'time' && attributes.datetime !== undefined) || attributes.itemprop === 'datePublished',
  )
  for (const element of marked) {
    const date = isoDate(element.attributes.content ?? element.attributes.datetime ?? textOf(element))
    if (date) return date
  }
  return undefined
}

function markedAuthor(root: Element): string | undefined {
  const text = textOfFirst(
    root,
    ({ tag, attributes }) =>
      attributes.itemprop === 'author' ||
      (tag === 'a' && attributes.rel?.toLowerCase() === 'author') ||
      /(?:^|[\s_-])(?:byline|author)(?:$|[\s_-]name)/i.test(attributes.class?.slice(0, 200) ?? ''),
  )
  const name = collapse(text)?.replace(/^(?:by|von|par|por|di|автор:?|作者[:：]?)\s/i, '')
  return name !== undefined && name.length <= 100 ? name : undefined
}

interface LinkedData {
  headline?: string
  datePublished?: string
  author?: string
}

/** The first article that linked data describes. */
function linkedData(root: Element): LinkedData {
  const data: LinkedData = {}
  for (const script of findAll(root, ({ tag }) => tag === 'script')) {
    const text = textOf(script)
    if (text.length > LONGEST_DATA) continue
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      // Pages hold broken JSON; it says nothing, and the page's other marks are read.
      continue
    }
    for (const node of nodesOf(value)) {
      data.headline ??= stringOf(node.headline)
      data.datePublished ??= stringOf(node.datePublished)
      data.author ??= authorOf(node.author)
    }
  }
  return data
}

/** Objects of linked data that may describe a page, without recursion: its lists may be nested without end. */
function nodesOf(value: unknown): Record<string, unknown>[] {
  const nodes: Record<string, unknown>[] = []
  const queue = [value]
  for (let i = 0; i < queue.length && i < MOST_NODES; i++) {
    const it = queue[i]
    if (Array.isArray(it)) for (const child of it.slice(0, MOST_NODES)) queue.push(child)
    else if (typeof it === 'object' && it !== null) {
      const node = it as Record<string, unknown>
      nodes.push(node)
      if (node['@graph'] !== undefined) queue.push(node['@graph'])
      if (node.mainEntity !== undefined) queue.push(node.mainEntity)
    }
  }
  return nodes
}

const stringOf = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : undefined)

function authorOf(value: unknown): string | undefined {
  const people = Array.isArray(value) ? value.slice(0, 20) : [value]
  const names = people.map((it) =>
    typeof it === 'object' && it !== null ? stringOf((it as { name?: unknown }).name) : stringOf(it),
  )
  return names.filter((name) => name !== undefined).join(', ') || undefined
}

/** A date that begins with year, month and day, or names the month in English, as ISO 8601. */
export function isoDate(text: string | undefined): string | undefined {
  const value = text?.trim().slice(0, 64)
  if (value === undefined) return undefined
  const iso =
    /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?)?/.exec(
      value,
    )
  if (iso) {
    const [, year, month, day, time, zone = ''] = iso
    const date = calendarDate(Number(year), Number(month), Number(day))
    return date === undefined || time === undefined ? date : `${date}T${time}${zone}`
  }
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(value)
  if (compact) return calendarDate(Number(compact[1]), Number(compact[2]), Number(compact[3]))
  const eastern = /^(\d{4})年(\d{1,2})月(\d{1,2})日/.exec(value)
  if (eastern) return calendarDate(Number(eastern[1]), Number(eastern[2]), Number(eastern[3]))
  const words =
    /^(?:[A-Za-z]{3,9},? )?(?:(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]{3,9})\.?,? (\d{4})|([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))/.exec(
      value,
    )
  if (words === null) return undefined
  const month = months.indexOf((words[2] ?? words[4]).slice(0, 3).toLowerCase()) + 1
  return calendarDate(Number(words[3] ?? words[6]), month, Number(words[1] ?? words[5]))
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/** `YYYY-MM-DD`, unless there is no such day. */
export function calendarDate(year: number, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, day))
  const isDay =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return isDay && month > 0 ? date.toISOString().slice(0, 10) : undefined
}

function languageTag(text: string | undefined): string | undefined {
  const tag = text
    ?.trim()
    .replace('_', '-')
    .split(/[,;\s]/)[0]
  return tag !== undefined && /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(tag) ? tag : undefined
}

function linkTo(root: Element, relation: string): string | undefined {
  return find(root, ({ tag, attributes }) => tag === 'link' && attributes.rel?.toLowerCase() === relation)
    ?.attributes.href
}

function absolute(url: string | undefined): string | undefined {
  return url !== undefined && /^https?:\/\//i.test(url) && URL.canParse(url) ? url : undefined
}

const notAddress = (author: string | undefined) =>
  author !== undefined && /^(?:https?:|@)/i.test(author) ? undefined : author

function textOfFirst(root: Element, test: (element: Element) => boolean): string | undefined {
  const element = find(root, test)
  return element && textOf(element)
}

/** One line, without space at its ends. */
export function collapse(text: string | undefined): string | undefined {
  const line = text?.replace(/\s+/g, ' ').trim()
  return line === '' ? undefined : line
}

const clean = (text: string | undefined) => collapse(text)?.slice(0, LONGEST)
