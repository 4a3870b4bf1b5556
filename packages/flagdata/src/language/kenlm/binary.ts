import { constants } from 'node:buffer'
import { DataError } from '../../errors.ts'
import { BinaryFile } from '../binaryFile.ts'
import type { Ngrams } from './ngrams.ts'
import { ProbingNgrams } from './probing.ts'
import { TrieNgrams } from './trie.ts'

const MAGIC = 'mmap lm http://kheafield.com/code format version '
const INCOMPLETE = 'mmap lm http://kheafield.com/code incomplete'
const VERSION = 5
/** The magic text, padded to 8 bytes, and the test values behind it. */
const SANITY = 88
const PARAMETERS = 20
const MOST_ORDER = 20

/** Whether a file begins as KenLM's binary files do. */
export const isBinary = (head: Buffer): boolean => head.subarray(0, 8).toString('latin1') === 'mmap lm '

/**
 * The n-grams of a file that build_binary made: probing hash tables (with or without rest costs) and all four tries. The
 * file is read into memory.
 *
 * @throws DataError `corrupt-file`, `unsupported` for other versions
 */
export function openBinary(path: string): Ngrams {
  const file = new BinaryFile(path, 'a language model of KenLM')
  try {
    return read(file)
  } catch (error) {
    if (error instanceof RangeError) throw file.corrupt(error.message)
    throw error
  } finally {
    file.close()
  }
}

function read(file: BinaryFile): Ngrams {
  const unsupported = (what: string) =>
    new DataError('unsupported', `${file.path}: ${what}`, {
      hint: 'build it anew from the ARPA file with build_binary',
    })
  const magic = file.bytes(SANITY, 'the head').toString('latin1')
  if (magic.startsWith(INCOMPLETE)) throw file.corrupt('its building was not finished')
  if (!magic.startsWith(MAGIC)) throw file.corrupt('it does not begin as models of KenLM do')
  const version = Number.parseInt(magic.slice(MAGIC.length), 10)
  if (version !== VERSION) throw unsupported(`version ${version} of KenLM's format, not ${VERSION}`)
  if (Buffer.from(magic, 'latin1').readFloatLE(60) !== 1)
    throw unsupported('numbers of another machine, or a file of old 32-bit machines')

  const parameters = file.bytes(PARAMETERS, 'the parameters')
  const order = parameters[0]
  const [multiplier, type] = [parameters.readFloatLE(4), parameters.readUInt32LE(8)]
  const searchVersion = parameters.readUInt32LE(16)
  if (order < 2 || order > MOST_ORDER) throw file.corrupt(`order ${order}`)
  if (type > 5) throw unsupported(`a model of type ${type}`)
  const isTrie = type >= 2
  if (searchVersion !== (isTrie ? 1 : 0)) throw unsupported(`version ${searchVersion} of its tables`)
  if (!(multiplier >= 1 && multiplier < 1e6)) throw file.corrupt(`a probing multiplier of ${multiplier}`)
  const counts = Array.from({ length: order }, () => file.int64('the counts'))
  for (const count of counts)
    if (!(count >= 0 && count <= 8 * file.size)) throw file.corrupt(`${count} n-grams in ${file.size} bytes`)
  if (file.size > constants.MAX_LENGTH)
    throw new DataError(
      'unsupported',
      `${file.path}: ${file.size} bytes, more than memory can hold in one piece`,
      {
        hint: 'prune the model, or quantise it with build_binary -q 8 -b 8 trie',
      },
    )
  const header = {
    ...{ order, counts, multiplier, hasRestCosts: type === 1 },
    ...{ isQuantised: type === 3 || type === 5, hasArrays: type === 4 || type === 5 },
    start: 8 * Math.ceil((SANITY + PARAMETERS + 8 * order) / 8),
  }
  const bytes = Buffer.allocUnsafe(file.size)
  file.readAt(0, bytes)
  const ngrams = isTrie ? new TrieNgrams(bytes, header) : new ProbingNgrams(bytes, header)
  if (ngrams.end > file.size) throw file.corrupt(`${file.size} bytes, of ${ngrams.end} that its head says`)
  // The words as text follow; nothing reads them, but they tell whether the file is whole.
  if (parameters[12] !== 0) {
    let words = 0
    for (let at = ngrams.end; at < bytes.length; at++) if (bytes[at] === 0) words++
    if (words !== ngrams.words) throw file.corrupt(`${words} words at its end, of ${ngrams.words}`)
  }
  return ngrams
}
