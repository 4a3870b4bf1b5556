import { c1Character, charactersOf, codePages, encode } from './codePages.ts'
import { decodeNearUtf8, type Sequence } from './utf8.ts'

const upper = /\p{Lu}/u
const lower = /\p{Ll}/u
const letter = /\p{L}/u
/** What may follow a letter at the end of a quotation or of a sentence, in the script of the letter. */
const closing = new Set('»”’“‘…–—™®›·•\u00a0')
/** Of these, what may stand between two letters. */
const joining = new Set('’‘…–—·')
const unassigned = /[\p{Co}\p{Cn}\u0080-\u009f]/u
/** Letters of no language's ordinary spelling: what a wrong guess often gives. */
const rareLetter = /[\u0180-\u01cc\u01dd-\u0217\u021c-\u02af]/u

/** A text with the characters beside it. */
interface Part {
  text: string
  before: string
  after: string
}

/**
 * How strongly a sequence of characters, which would be one character if it were bytes of UTF-8, speaks against being
 * meant as it stands: 0 for what occurs in real text, 1 and more for what does not. Real text has a capital letter at the
 * start of a word or in a word of capitals, and signs after letters only where they close something; the first byte of
 * UTF-8 is a capital letter in most encodings, the others are signs or letters of either case.
 */
function judge(part: Part, { start, length, character, spaces, lost }: Sequence): number {
  if (unassigned.test(character) && character !== '\ufffd') return 0
  const { text } = part
  const first = text[start]
  const before = start > 0 ? text[start - 1] : part.before
  const after = text[start + length] ?? part.after
  const rest = Array.from(text.slice(start + 1, start + length))
  const capitalInside = upper.test(first) && lower.test(before)
  // What is left of à and of a no-break space, or of “ and other marks, is no word of any language.
  const aloneA = 'ÂÃ'.includes(first) && !letter.test(before)
  if (lost > 0 && length === 2) return capitalInside || aloneA ? 1 : 0
  if (spaces > 0 && length === 2) return capitalInside || aloneA ? 1 : 0
  if (first === '×' && length === 2) return 1
  if (rest.every((char) => closing.has(char))) {
    const inWord = letter.test(after) && !joining.has(rest.at(-1) as string)
    return capitalInside || aloneA || inWord ? 1 : 0
  }
  // Three and four small letters are a part of a word in some language, and so are two with a space between.
  if (length > 2)
    return rest.every((char) => char === ' ' || closing.has(char) || lower.test(char)) ? 0.25 : 2

  const [second] = rest
  // Ångström to a power; the root of a Greek letter.
  if (first === 'Å' && '²³'.includes(second) && !letter.test(before)) return 0
  if (first === '√' && /[\p{Sm}πΩ]/u.test(second)) return 0.5
  if (capitalInside || aloneA || !letter.test(first) || !letter.test(second)) return 1
  if (lower.test(second)) return lower.test(after) ? 0.5 : 0.75
  return upper.test(before) || upper.test(after) ? 0 : 1
}

/** Judgements of sequences, which repeat in broken text. Forgotten as a whole when full. */
const judged = new Map<string, number>()

function evidence(part: Part, sequence: Sequence): number {
  const { start, length, character } = sequence
  const before = start > 0 ? part.text[start - 1] : part.before
  const after = part.text[start + length] ?? part.after
  const key = `${before}${part.text.slice(start, start + length)}${after}${character}`
  let value = judged.get(key)
  if (value === undefined) {
    value = judge(part, sequence)
    if (judged.size >= 20_000) judged.clear()
    judged.set(key, value)
  }
  return value
}

/** How strongly what a sequence would become speaks against it. */
function doubt(part: Part, { start, character }: Sequence): number {
  const before = start > 0 ? part.text[start - 1] : part.before
  return rareLetter.test(character) || (upper.test(character) && lower.test(before)) ? 1 : 0
}

/** The text as UTF-8 if all of it is likely to be UTF-8 that was decoded by another encoding. */
function decodeWhole(part: Part): string | undefined {
  let best: string | undefined
  let most = 0
  for (const page of codePages) {
    const bytes = encode(part.text, page)
    if (bytes === undefined) continue
    // An en dash and a space look like one in the Macintosh's encoding.
    const decoded = decodeNearUtf8(bytes, page.lossy, page.name !== 'macroman' && page.name !== 'cp437')
    if (decoded === undefined || decoded.text === part.text) continue
    let sum = 0
    let doubts = 0
    for (const sequence of decoded.sequences) {
      sum += evidence(part, sequence)
      doubts += doubt(part, sequence)
    }
    if (sum - doubts < 1 || sum - doubts <= most) continue
    best = decoded.text
    most = sum - doubts
    // The encodings are in the order of their frequency: a later one is tried only where something is doubtful.
    if (doubts === 0) break
  }
  return best
}

const classOf = (characters: Iterable<string>) =>
  `[${Array.from(characters, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`).join('')}]`

const continuations = charactersOf(0x80, 0xbf)
const first2 = classOf(charactersOf(0xc2, 0xdf))
const first3 = classOf(charactersOf(0xe0, 0xef))
const first4 = classOf(charactersOf(0xf0, 0xf4))
const next = classOf([...continuations, '\ufffd', ' '])
const signs = classOf([...continuations].filter((char) => !closing.has(char) && !letter.test(char)))
/** Runs of what looks like UTF-8, not after a sign that belongs to what came before. */
const run = new RegExp(`(?<!${signs})(?:${first4}${next}{3}|${first3}${next}{2}|${first2}${next})+`, 'gu')

const controls = /[\u0080-\u009f]/g
const c1Fixed = (text: string) => text.replace(controls, (char) => c1Character(char.charCodeAt(0)))

const beyondAscii = /[^\0-\x7f]/u
/** Text is decoded wrongly once or twice, seldom more often. */
const MAX_ROUNDS = 8

/**
 * Repairs text that is UTF-8 decoded by an encoding of one byte per character, as a whole or in parts, several times over;
 * control characters of the range 0x80 to 0x9F become the characters of windows-1252.
 */
export function fixEncoding(text: string): string {
  let value = text
  for (let round = 0; round < MAX_ROUNDS && beyondAscii.test(value); round++) {
    const better =
      decodeWhole({ text: value, before: ' ', after: ' ' }) ??
      value.replace(run, (text, at: number) => {
        const part = { text, before: value[at - 1] ?? ' ', after: value[at + text.length] ?? ' ' }
        return decodeWhole(part) ?? text
      })
    if (better === value) break
    value = better
  }
  return c1Fixed(value)
}
