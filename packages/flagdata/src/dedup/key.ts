import * as z from 'zod'
import type { Document, Json } from '../document.ts'
import { simplify } from '../text/simplify.ts'
import { normalizeUrl, urlRulesSchema } from './url.ts'

/**
 * What of a document is compared: its `text`, the text `simplified` as near-duplicates are compared, its `id`, or a
 * field such as `metadata.url` or `metadata.source.hash`.
 */
export const keySchema = z
  .string()
  .regex(
    /^(text|simplified|id|metadata(\.[^.]+)+)$/,
    'expected "text", "simplified", "id" or "metadata.<field>"',
  )
  .default('text')

/** A value of the metadata by its path, as in `metadata.source.hash`. */
export function metadataAt(document: Document, path: string): Json | undefined {
  let value: Json | undefined = document.metadata
  for (const name of path.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = Object.hasOwn(value, name) ? value[name] : undefined
  }
  return value
}

/** Gives the key of a document as text; undefined where it has none, so that it is equal to no other. */
export function keyOf(key: string): (document: Document) => string | undefined {
  if (key === 'text') return ({ text }) => text
  if (key === 'simplified') return ({ text }) => simplify(text)
  if (key === 'id') return ({ id }) => id
  return (document) => {
    const value = metadataAt(document, key)
    if (value === undefined || value === null || value === '') return undefined
    return typeof value === 'string' ? value : JSON.stringify(value)
  }
}

/** Equal addresses, by default those in `metadata.url`, whatever the texts are. */
export const urlKeySchema = z.strictObject({
  field: z
    .string()
    .regex(/^metadata(\.[^.]+)+$/, 'expected "metadata.<field>"')
    .default('metadata.url'),
  ...urlRulesSchema.shape,
})

export type UrlKey = z.output<typeof urlKeySchema>

/** Gives the normalised address of a document, if it has one. */
export function urlOf({ field, ...rules }: UrlKey): (document: Document) => string | undefined {
  return (document) => {
    const value = metadataAt(document, field)
    return typeof value === 'string' && value !== '' ? normalizeUrl(value, rules) : undefined
  }
}
