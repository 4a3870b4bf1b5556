import { InvalidArgumentError } from 'commander'

export function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('expected a number above 0')
  return value
}

export function positiveInteger(text: string): number {
  const value = positive(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number from 1')
  return value
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number from 0')
  return Number(text)
}

/** `name=number`, once or more. */
export function assignment(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, value] = /^([^=]+)=(-?[\d.]+)$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('expected name=number')
  return { ...before, [name]: Number(value) }
}

export const exitCodes = `
Exit codes: 0 done, 1 failed or something could not be measured or does not verify, 2 wrong usage.
Results go to stdout, everything else to stderr.`
