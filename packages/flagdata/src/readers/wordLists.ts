import { readFile } from 'node:fs/promises'
import { DataError } from '../errors.ts'

/**
 * A list of words from a file: JSON, a list or lists by language (`{"en": […]}`), or text with a word a line, empty
 * lines and lines that start with `#` left out.
 *
 * @throws DataError `not-found` for a file that cannot be read, `corrupt-file` for JSON of another form
 */
export async function readWords(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new DataError('not-found', `${path}: no list of words can be read`, { cause })
  })
  if (!/^\s*[[{]/.test(text))
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DataError('corrupt-file', `${path}: is no JSON: ${(cause as Error).message}`, { cause })
  }
  const words = Array.isArray(value) ? value : Object.values(value as object).flat()
  if (words.some((word) => typeof word !== 'string'))
    throw new DataError('corrupt-file', `${path}: holds something else than words`, {
      hint: 'expected a list of strings, or such lists by language',
    })
  return words as string[]
}
