import { type ExecutionProvider, executionProviders } from '@flag/core-tensor'
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

/** Whole numbers from 1, separated by commas. */
export const positiveIntegers = (text: string): number[] => text.split(',').map(positiveInteger)

/** Execution providers, separated by commas. */
export function providers(text: string): ExecutionProvider[] {
  return text.split(',').map((name) => {
    const provider = executionProviders.find((each) => each === name)
    if (provider) return provider
    throw new InvalidArgumentError(`expected some of ${executionProviders.join(',')}`)
  })
}

/** `name=value`, once or more. */
export function choice(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('expected option=value')
  return { ...before, [name]: value }
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
