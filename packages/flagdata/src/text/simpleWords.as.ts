/**
 * The simplified words of texts, from bytes to bytes. Plain twins: `simplify.ts`, and the tokenizer of English.
 *
 * Characters and chunks (what stands between spaces) that were not seen before are asked for and then remembered: the
 * caller says what becomes of them.
 */

/** Where memory is free. */
export function base(): usize {
  return __heap_base
}

/**
 * What becomes of a character: two bits of kind, a bit for those that join the parts of a number, five bits of length,
 * above them the address of its bytes, or the byte itself where it is one, and the highest bit for those that do not cut
 * the word they stand in.
 */
const UNKNOWN: u32 = 0
const COPY: u32 = 1
const SPACE: u32 = 2
const DIGIT: u32 = 3
const SEPARATOR: u32 = 4
const UNCUT: u32 = 0x80000000

function entryOf(table: usize, code: u32): u32 {
  return load<u32>(table + ((code as usize) << 2))
}

/** The character whose UTF-8 starts at `at`; at the end 0, which is a space. */
function codeAt(at: usize, end: usize): u32 {
  if (at >= end) return 0
  const first = load<u8>(at) as u32
  if (first < 0x80) return first
  const second = (load<u8>(at, 1) & 0x3f) as u32
  if (first < 0xe0) return ((first & 0x1f) << 6) | second
  const third = (load<u8>(at, 2) & 0x3f) as u32
  if (first < 0xf0) return ((first & 0xf) << 12) | (second << 6) | third
  return ((first & 7) << 18) | (second << 12) | (third << 6) | ((load<u8>(at, 3) & 0x3f) as u32)
}

function bytesOf(code: u32): usize {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

function afterDigits(at: usize, end: usize, table: usize): usize {
  let code = codeAt(at, end)
  while ((entryOf(table, code) & 3) === DIGIT) {
    at += bytesOf(code)
    code = codeAt(at, end)
  }
  return at
}

/**
 * Writes a text simplified, without repeated spaces, a space at its end.
 * @param at UTF-8 @param table u32 per code point @param output room for three times the text
 * @returns where it ends, or minus the code point that the table does not know, less one
 */
export function simplify(at: usize, end: usize, table: usize, output: usize): i32 {
  let out = output
  while (at < end) {
    const code = codeAt(at, end)
    const entry = entryOf(table, code)
    const kind = entry & 3
    if (kind === UNKNOWN) return -1 - (code as i32)
    at += bytesOf(code)
    if (kind === COPY) {
      const length = (entry >> 3) & 31
      const from = ((entry & ~UNCUT) >> 8) as usize
      if (length === 1) store<u8>(out, from as u8)
      else for (let i: usize = 0; i < length; i++) store<u8>(out + i, load<u8>(from + i))
      out += length
    } else if (kind === SPACE) {
      if (out > output && load<u8>(out - 1) !== 0x20) store<u8>(out++, 0x20)
    } else {
      // A number: digits, and once a separator with digits.
      at = afterDigits(at, end, table)
      const separator = codeAt(at, end)
      const between = entryOf(table, separator)
      if (between === UNKNOWN) return -1 - (separator as i32)
      if ((between & SEPARATOR) !== 0) {
        const next = at + bytesOf(separator)
        const code = codeAt(next, end)
        const entry = entryOf(table, code)
        if (entry === UNKNOWN) return -1 - (code as i32)
        if ((entry & 3) === DIGIT) at = afterDigits(next, end, table)
      }
      store<u8>(out++, 0x30)
    }
  }
  if (out > output && load<u8>(out - 1) !== 0x20) store<u8>(out++, 0x20)
  return out as i32
}

/** Where `splitWords` is in what it reads, and in what it writes. */
let reading: usize = 0
let writing: usize = 0

export function startWords(input: usize, output: usize): void {
  reading = input
  writing = output
}

/** Where the next chunk starts, of which `splitWords` did not know the words. */
export function chunkStart(): usize {
  return reading
}

export function wordsEnd(): usize {
  return writing
}

function endOfChunk(at: usize): usize {
  while (load<u8>(at) !== 0x20) at++
  return at
}

function hashOf(at: usize, end: usize): u32 {
  let hash: u32 = 0x811c9dc5
  for (; at + 4 <= end; at += 4) hash = rotl<u32>((hash ^ load<u32>(at)) * 0x9e3779b1, 15)
  for (; at < end; at++) hash = (hash ^ (load<u8>(at) as u32)) * 0x01000193
  return (hash ^ (hash >> 15)) * 0x85ebca77
}

/** A slot: hash, address of the chunk, its length, address of its words; a chunk of length 0 is none. */
const SLOT: usize = 16

/** The slot of a chunk, or the free one where it belongs. */
function slotOf(slots: usize, mask: u32, hash: u32, at: usize, length: usize): usize {
  let i = (hash ^ (hash >> 16)) & mask
  let slot = slots + (i as usize) * SLOT
  while (load<u32>(slot, 8) !== 0) {
    if (load<u32>(slot) === hash && load<u32>(slot, 8) === length && equal(load<u32>(slot, 4), at, length))
      break
    i = (i + 1) & mask
    slot = slots + (i as usize) * SLOT
  }
  return slot
}

function equal(a: usize, b: usize, length: usize): bool {
  let i: usize = 0
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) !== load<u64>(b + i)) return false
  for (; i < length; i++) if (load<u8>(a + i) !== load<u8>(b + i)) return false
  return true
}

/** Whether no character of a chunk cuts it. */
function isUncut(at: usize, end: usize, table: usize): bool {
  while (at < end) {
    const code = codeAt(at, end)
    if ((entryOf(table, code) & UNCUT) === 0) return false
    at += bytesOf(code)
  }
  return true
}

/**
 * Writes the words of chunks, a space after each, up to a chunk that neither the table of chunks knows nor that of
 * characters.
 * @param end of the chunks, each with a space after it @param slots of the table, `mask` + 1 of them
 * @param table u32 per code point @param longest chunks of more bytes are not in the table of chunks
 * @returns the length of the unknown chunk; 0 at the end
 */
export function splitWords(end: usize, slots: usize, mask: u32, table: usize, longest: usize): i32 {
  while (reading < end) {
    const to = endOfChunk(reading)
    const length = to - reading
    if (length > longest) {
      if (!isUncut(reading, to, table)) return length as i32
      copy(reading, length + 1)
      reading = to + 1
      continue
    }
    const slot = slotOf(slots, mask, hashOf(reading, to), reading, length)
    if (load<u32>(slot, 8) === 0) return length as i32
    const words = load<u32>(slot, 12) as usize
    // Most chunks are one word.
    if (words === 0) copy(reading, length + 1)
    else copy(words + 4, load<u32>(words) as usize)
    reading = to + 1
  }
  return 0
}

function copy(from: usize, length: usize): void {
  memory.copy(writing, from, length)
  writing += length
}

/**
 * Remembers the words of the chunk that is read next.
 * @param chunk where a copy of it lies that stays @param words u32 length and bytes, 0 if the chunk is its own word
 */
export function learn(slots: usize, mask: u32, chunk: usize, length: usize, words: usize): void {
  const hash = hashOf(chunk, chunk + length)
  const slot = slotOf(slots, mask, hash, chunk, length)
  store<u32>(slot, hash)
  store<u32>(slot, chunk as u32, 4)
  store<u32>(slot, length as u32, 8)
  store<u32>(slot, words as u32, 12)
}

/** Passes over the chunk that is read next, and writes other bytes in its place. */
export function replaceChunk(length: usize, words: usize, bytes: usize): void {
  reading += length + 1
  copy(words, bytes)
}
