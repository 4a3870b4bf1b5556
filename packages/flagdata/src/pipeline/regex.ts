import { DataError } from '../errors.ts'

/** Compiles a regular expression that a user wrote. */
export function compile(source: string, flags: string, step: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (cause) {
    throw new DataError('invalid-argument', `${step}: ${(cause as Error).message}`, {
      hint: 'regular expressions are those of JavaScript with the flag u: (?<name>…), \\p{L}, no (?i)',
      cause,
    })
  }
}
