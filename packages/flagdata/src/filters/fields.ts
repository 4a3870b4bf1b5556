import * as z from 'zod'
import type { Document, Json } from '../document.ts'
import { defineStep } from '../pipeline/define.ts'
import { flagData, outside, rangeReasons } from '../pipeline/range.ts'

const keyPath = z
  .string()
  .min(1)
  .describe('where the value lies in the metadata, levels separated by dots; or id, text')
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** A value of a document: of its metadata, or its id or text. Undefined where there is none. */
export function fieldOf({ id, text, metadata }: Document, path: string): Json | undefined {
  let value: Json | undefined = { id, text, ...metadata }
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { [key: string]: Json })[key]
  }
  return value
}

const missing = 'A document without the field is removed as `field_missing`; there it stops the run.'

/** Removes documents whose field has none of the wanted values; of a list one is enough. */
export const fieldValueFilter = defineStep({
  name: 'field-value-filter',
  summary:
    'Removes documents unless a field of the metadata has one of the wanted values; of a list one is enough.',
  source: flagData('data_operator/samplefilter/field_value_filter.py'),
  reasons: ['field_missing', 'field_value_not_valid'],
  differences: [missing, 'The path and the values must be given; there the defaults remove everything.'],
  options: z.strictObject({
    keyPath,
    validValues: z.array(scalar).min(1).describe('wanted values'),
  }),
  create({ keyPath, validValues }) {
    const valid = new Set<Json>(validValues)
    return (_text, document) => {
      const value = fieldOf(document, keyPath)
      if (value === undefined) return { reason: 'field_missing' }
      return (Array.isArray(value) ? value : [value]).some((it) => valid.has(it))
        ? undefined
        : { reason: 'field_value_not_valid' }
    }
  },
})

/** Python's `float` of a string, without infinities and NaN, which are no measurements. */
const decimal = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i

/** Removes documents whose numeric field lies outside of a range. Numbers in strings are read. */
export const numericFieldValueFilter = defineStep({
  name: 'numeric-field-value-filter',
  summary:
    'Removes documents unless a numeric field of the metadata lies within a range. Numbers in strings are read.',
  source: flagData('data_operator/samplefilter/numeric_field_value_filter.py'),
  reasons: ['field_missing', 'field_not_numeric', ...rangeReasons('field_value')],
  differences: [
    missing,
    'What is no number (null, a list, NaN) is removed as `field_not_numeric`; there null and lists stop the run.',
    'Ranges are all finite numbers by default; there from -2⁶³ + 1 to 2⁶³ - 1.',
  ],
  options: z.strictObject({
    keyPath,
    minValue: z.number().default(-Number.MAX_VALUE).describe('least value'),
    maxValue: z.number().default(Number.MAX_VALUE).describe('greatest value'),
  }),
  create:
    ({ keyPath, minValue, maxValue }) =>
    (_text, document) => {
      const field = fieldOf(document, keyPath)
      if (field === undefined) return { reason: 'field_missing' }
      const value =
        typeof field === 'number' || typeof field === 'boolean'
          ? Number(field)
          : typeof field === 'string' && decimal.test(field)
            ? Number(field)
            : Number.NaN
      return Number.isFinite(value)
        ? outside('field_value', value, minValue, maxValue)
        : { reason: 'field_not_numeric' }
    },
})

/** Removes documents whose field does not end as wanted, such as file names. */
export const suffixFilter = defineStep({
  name: 'suffix-filter',
  summary:
    'Removes documents unless a field of the metadata, such as a file name, ends with one of the suffixes.',
  source: flagData('data_operator/samplefilter/suffix_filter.py'),
  reasons: ['field_missing', 'suffix_not_allowed'],
  differences: [
    'The field may lie below others (`keyPath`), and must be given with a suffix; there the defaults remove everything.',
    'A document whose field is missing or no string is removed as `field_missing`; there another type stops the run.',
  ],
  options: z.strictObject({
    fieldKey: keyPath,
    allowedSuffixes: z.union([z.string(), z.array(z.string()).min(1)]).describe('one suffix or several'),
  }),
  create({ fieldKey, allowedSuffixes }) {
    const suffixes = typeof allowedSuffixes === 'string' ? [allowedSuffixes] : allowedSuffixes
    return (_text, document) => {
      const value = fieldOf(document, fieldKey)
      if (typeof value !== 'string') return { reason: 'field_missing' }
      return suffixes.some((suffix) => value.endsWith(suffix)) ? undefined : { reason: 'suffix_not_allowed' }
    }
  },
})
