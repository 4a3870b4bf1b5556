import { codePoints } from '../text/whitespace.ts'

/** How many parts of a text occurred before in it, and the characters of those. */
export function findDuplicates(parts: readonly string[]): { count: number; characters: number } {
  const seen = new Set<string>()
  let characters = 0
  let count = 0
  for (const part of parts) {
    if (seen.size === seen.add(part).size) {
      characters += codePoints(part)
      count++
    }
  }
  return { count, characters }
}
