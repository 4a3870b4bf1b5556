import { calendarDate } from '../html/metadata.ts'
import { type Element, find, findAll, textOf } from '../html/tree.ts'
import { META_TIME, SUPPLEMENT_TIME } from './rules.ts'

/**
 * When a page was published, `YYYY-MM-DD HH:MM:SS` in the page's own time: what its `meta` elements say, else what an
 * element says that is marked as time, else the first date in the page's text. Empty if there is none.
 *
 * @param now the moment that "yesterday" and "3 hours ago" are counted from, ISO 8601; without it these are no dates
 */
export function gneTime(root: Element, now?: string): string {
  return metaTime(root, now) ?? supplementTime(root, now) ?? timeIn(textOf(bodyOf(root)), now) ?? ''
}

/** How many elements are asked for the time, and how much of each is read. */
const MOST_ELEMENTS = 5000
const LONGEST_MARK = 1000
const timeTags = new Set(SUPPLEMENT_TIME.map(({ tag }) => tag))

const bodyOf = (root: Element) => find(root, ({ tag }) => tag === 'body') ?? root

function metaTime(root: Element, now: string | undefined): string | undefined {
  const metas = findAll(root, ({ tag }) => tag === 'meta')
  for (const [attribute, value] of META_TIME) {
    for (const { attributes } of metas) {
      if (!attributes[attribute]?.toLowerCase().includes(value.toLowerCase())) continue
      const time = timeIn(attributes.content ?? '', now)
      if (time !== undefined) return time
    }
  }
  return undefined
}

function supplementTime(root: Element, now: string | undefined): string | undefined {
  const elements = findAll(root, ({ tag }) => timeTags.has(tag)).slice(0, MOST_ELEMENTS)
  for (const place of SUPPLEMENT_TIME) {
    for (const element of elements) {
      if (element.tag !== place.tag) continue
      const own = () => element.children.filter((child) => typeof child === 'string').join('')
      const marker = place.attribute === undefined ? own() : (element.attributes[place.attribute] ?? '')
      if (place.whole ? marker !== place.value : !marker.includes(place.value)) continue
      const text = {
        own,
        all: () => textOf(element, LONGEST_MARK),
        datetime: () => element.attributes.datetime ?? '',
      }[place.in]()
      const time = timeIn(text, now)
      if (time !== undefined) return time
    }
  }
  return undefined
}

const clock =
  '(?:\\s{0,9}T?\\s{0,9}(\\d{1,2})(?::(\\d{1,2})(?::(\\d{1,2}))?|[时時](\\d{1,2})分)(?:\\.\\d{1,9})?\\s?([AaPp][Mm])?)?'
/** The forms of FlagData's 30 patterns, each with its optional time of day. */
const forms: readonly { pattern: RegExp; parts: 'ymd' | 'mdy' | 'md' }[] = [
  {
    pattern: new RegExp(`(?<!\\d)(\\d{4}|\\d{2})\\s?年\\s?(\\d{1,2})\\s?月\\s?(\\d{1,2})\\s?日${clock}`),
    parts: 'ymd',
  },
  {
    pattern: new RegExp(`(?<![\\d./-])(\\d{4}|\\d{2})[-/.](\\d{1,2})[-/.](\\d{1,2})(?![\\d])${clock}`),
    parts: 'ymd',
  },
  { pattern: new RegExp(`(?<![\\d./-])(\\d{1,2})/(\\d{1,2})/(\\d{4}),?${clock}`), parts: 'mdy' },
  { pattern: new RegExp(`(?<![\\d年])(\\d{1,2})月(\\d{1,2})日${clock}`), parts: 'md' },
]

/** The first date in a text that there is in the calendar, with its time of day; the form that says most comes first. */
export function timeIn(text: string, now?: string): string | undefined {
  const trimmed = text.trim()
  if (/^\d{8,14}$/.test(trimmed)) return timeOfDigits(trimmed)
  for (const { pattern, parts } of forms) {
    const found = pattern.exec(text)
    if (found === null) continue
    const [a, b, c] = found.slice(1, 4).map(Number)
    const [year, month, day] =
      parts === 'ymd'
        ? [a, b, c]
        : parts === 'mdy'
          ? [c, a, b]
          : [now ? new Date(now).getUTCFullYear() : Number.NaN, a, b]
    const at = parts === 'md' ? 3 : 4
    const [hour = '0', minute, second = '0', minuteAlone, half] = found.slice(at)
    const date = calendarDate(year < 100 ? 2000 + year : year, month, day)
    const time = timeOfDay(Number(hour), Number(minute ?? minuteAlone ?? 0), Number(second), half)
    if (date !== undefined && time !== undefined) return `${date} ${time}`
  }
  return now === undefined ? undefined : relativeTime(text, new Date(now))
}

function timeOfDay(
  hour: number,
  minute: number,
  second: number,
  half: string | undefined,
): string | undefined {
  const full = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
  if (full > 23 || minute > 59 || second > 59) return undefined
  return [full, minute, second].map((part) => String(part).padStart(2, '0')).join(':')
}

/** Seconds or milliseconds since 1970, or year, month, day and time in one number. */
function timeOfDigits(digits: string): string | undefined {
  if (digits.length === 10 || digits.length === 13)
    return format(new Date(Number(digits.slice(0, 10)) * 1000))
  if (digits.length !== 8 && digits.length !== 12 && digits.length !== 14) return undefined
  const part = (from: number, to = from + 2) => Number(digits.slice(from, to))
  const date = calendarDate(part(0, 4), part(4), part(6))
  const time = timeOfDay(part(8), part(10), part(12), undefined)
  return date && time && `${date} ${time}`
}

const units: { readonly [unit: string]: number } = { 分钟: 60_000, 小时: 3_600_000, 天: 86_400_000 }
const daysAgo: { readonly [word: string]: number } = { 昨天: 1, 前天: 2 }

function relativeTime(text: string, now: Date): string | undefined {
  if (text.includes('刚刚')) return format(now)
  const ago = /(\d{1,6})\s{0,3}(分钟|小时|天)前/.exec(text)
  if (ago) return format(new Date(now.getTime() - Number(ago[1]) * units[ago[2]]))
  const day = /(昨天|前天)\s{0,9}(?:(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?/.exec(text)
  if (day === null) return undefined
  const date = format(new Date(now.getTime() - daysAgo[day[1]] * units.天)).slice(0, 10)
  const time = timeOfDay(Number(day[2] ?? 0), Number(day[3] ?? 0), Number(day[4] ?? 0), undefined)
  return time && `${date} ${time}`
}

const format = (date: Date) => date.toISOString().slice(0, 19).replace('T', ' ')
