import { FlagError } from '@flag/core-tensor'

/** White space as `str.isspace` and `str.strip` know it; JavaScript's differs in U+FEFF and in the separators 1C to 1F. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const leading = new RegExp(`^[${SPACE}]+`)
const trailing = new RegExp(`[${SPACE}]+$`)
const spaces = new RegExp(`[${SPACE}]+`)

export const strip = (text: string): string => text.replace(leading, '').replace(trailing, '')
export const startsWithSpace = (text: string): boolean => leading.test(text)
export const endsWithSpace = (text: string): boolean => trailing.test(text)
/** `str.rstrip()`. */
export const stripEnd = (text: string): string => text.replace(trailing, '')
/** `re.split(r'\s+', text)`: a text that ends in white space has an empty part at its end. */
export const splitSpace = (text: string): string[] => text.split(spaces)
/** `str.isdigit` for ASCII digits; superscripts and the digits of other scripts are not looked at. */
export const isDigits = (text: string): boolean => /^[0-9]+$/.test(text)

/** `repr` of a float. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = value.toExponential().split('e')
    const sign = exponent[0] === '-' ? '-' : '+'
    return `${digits}e${sign}${exponent.slice(1).padStart(2, '0')}`
  }
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const named: Record<string, string> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\\': '\\\\',
    [quote]: `\\${quote}`,
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Python writes control characters by their number.
  const body = text.replace(/[\\'"\x00-\x1f\x7f-\xa0\xad]/g, (char) => {
    if (named[char] !== undefined) return named[char]
    return char === "'" || char === '"' ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `${quote}${body}${quote}`
}

/** What `repr` gives for what JSON can say. Whole numbers are integers: JSON.parse does not tell 1.0 from 1. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 1e16 ? String(value) : floatText(value)
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`
  return `{${Object.entries(value as object)
    .map(([key, it]) => `${quoted(key)}: ${repr(it)}`)
    .join(', ')}}`
}

/** What `str` gives: texts as they are, all else as `repr`. */
export const str = (value: unknown): string => (typeof value === 'string' ? value : repr(value))

/**
 * `ast.literal_eval`: numbers, texts, `True`, `False`, `None`, lists, tuples and dictionaries of them. Throws
 * `invalid-argument`.
 */
export function literalOf(text: string): unknown {
  const source = strip(text)
  let at = 0
  const fail = (expected: string): never => {
    throw new FlagError(
      'invalid-argument',
      `not a Python literal at character ${at} of ${JSON.stringify(text)}: expected ${expected}`,
    )
  }
  const skip = () => {
    while (at < source.length && startsWithSpace(source[at])) at++
  }
  const take = (char: string) => {
    skip()
    if (source[at] !== char) return false
    at++
    return true
  }
  const textLiteral = (): string => {
    const quote = source.startsWith(source[at].repeat(3), at) ? source[at].repeat(3) : source[at]
    at += quote.length
    let value = ''
    while (!source.startsWith(quote, at)) {
      if (at >= source.length) fail(quote)
      if (source[at] !== '\\') value += source[at++]
      else value += escaped()
    }
    at += quote.length
    return value
  }
  const escaped = (): string => {
    const match = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/.exec(
      source.slice(at),
    )
    if (!match) return fail('an escape sequence')
    at += match[0].length
    const code = match[1] ?? match[2] ?? match[3]
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16))
    const simple: Record<string, string> = {
      n: '\n',
      t: '\t',
      r: '\r',
      '\\': '\\',
      "'": "'",
      '"': '"',
      '\n': '',
    }
    return simple[match[4]] ?? `\\${match[4]}`
  }
  const items = (close: string, item: () => void): boolean => {
    let comma = false
    for (;;) {
      if (take(close)) return comma
      item()
      comma = take(',')
      if (!comma) {
        if (!take(close)) fail(close)
        return false
      }
    }
  }
  const list = (close: string) => {
    const values: unknown[] = []
    return { comma: items(close, () => values.push(value())), values }
  }
  const value = (): unknown => {
    skip()
    if (take('[')) return list(']').values
    if (take('(')) {
      const { values, comma } = list(')')
      return values.length === 1 && !comma ? values[0] : values
    }
    if (take('{')) {
      const entries: [string, unknown][] = []
      items('}', () => {
        const key = value()
        if (!take(':')) fail(':')
        entries.push([str(key), value()])
      })
      return Object.fromEntries(entries)
    }
    if (source[at] === "'" || source[at] === '"') {
      let whole = ''
      // Neighbouring texts are one.
      while (source[at] === "'" || source[at] === '"') {
        whole += textLiteral()
        skip()
      }
      return whole
    }
    const word = /^(?:True|False|None|[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![A-Za-z0-9_])/.exec(
      source.slice(at),
    )
    if (!word) return fail('a literal')
    at += word[0].length
    if (word[0] === 'None') return null
    if (word[0] === 'True' || word[0] === 'False') return word[0] === 'True'
    return Number(word[0].replaceAll('_', ''))
  }
  const result = value()
  skip()
  if (at < source.length) fail('the end')
  return result
}

/**
 * A regular expression of Python's `re` as a JavaScript one: named groups, `\A`, `\Z`, and flags at the start. Throws
 * `invalid-argument` naming the pattern where JavaScript cannot say it.
 */
export function pythonRegex(pattern: string, flags = ''): RegExp {
  let body = pattern
  let all = flags
  const inline = /^\(\?([aimsux]+)\)/.exec(body)
  if (inline) {
    body = body.slice(inline[0].length)
    for (const flag of inline[1]) {
      if (flag === 'x') {
        throw new FlagError('invalid-argument', `the regular expression ${pattern} asks for verbose mode`, {
          hint: 'write it without (?x)',
        })
      }
      if ('ims'.includes(flag) && !all.includes(flag)) all += flag
    }
  }
  body = body
    .replace(/\(\?P<(\w+)>/g, '(?<$1>')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/(?<!\\)((?:\\\\)*)\\A/g, '$1(?<![\\s\\S])')
    .replace(/(?<!\\)((?:\\\\)*)\\Z/g, '$1(?![\\s\\S])')
  try {
    // The Unicode mode counts code points, as Python does, but refuses needless escapes.
    return new RegExp(body, `${all}gu`)
  } catch {
    try {
      return new RegExp(body, `${all}g`)
    } catch (cause) {
      throw new FlagError(
        'invalid-argument',
        `the regular expression ${pattern} is none in JavaScript: ${(cause as Error).message}`,
        { cause },
      )
    }
  }
}

/** `re.sub(pattern, replacement, text)`: groups in the replacement are written `\1` and `\g<name>`. */
export function pythonSub(pattern: string, replacement: string, text: string): string {
  const template = replacement
    .replaceAll('$', '$$$$')
    .replace(/\\g<(\w+)>/g, (_, name) => (isDigits(name) ? `$${name}` : `$<${name}>`))
    .replace(/\\(\d)/g, (_, digit) => (digit === '0' ? '$&' : `$${digit}`))
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('\\\\', '\\')
  return text.replace(pythonRegex(pattern), template)
}
