import { isUtf8 } from 'node:buffer'
import type { Document, Json, Media } from '../document.ts'
import { mediaOfBytes } from '../media.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { documentOf } from './record.ts'

/** Stands for a string that is not valid UTF-8. */
export const INVALID = Symbol('invalid UTF-8')

/**
 * A value of a table as JSON: integers that a double cannot hold become strings of digits, times ISO 8601, bytes
 * base64, missing values null. Undefined if a string in it is not valid UTF-8.
 */
function toJson(value: unknown): Json | undefined {
  if (value === null || value === undefined) return null
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'symbol':
      return undefined
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Map) return ofEntries([...value].map(([key, it]) => [String(key), it]))
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list: Json[] = []
    for (const it of value as unknown as Iterable<unknown>) {
      const json = toJson(it)
      if (json === undefined) return undefined
      list.push(json)
    }
    return list
  }
  // Lists and structs of Arrow inside others.
  const object = value as { toJSON?(): unknown }
  if (object.toJSON !== undefined) return toJson(object.toJSON())
  return ofEntries(Object.entries(value as object))
}

function ofEntries(entries: [string, unknown][]): Json | undefined {
  const object: [string, Json][] = []
  for (const [key, value] of entries) {
    const json = toJson(value)
    if (json === undefined) return undefined
    object.push([key, json])
  }
  return Object.fromEntries(object)
}

/** How Hugging Face's `datasets` stores a picture or a sound: its bytes, and the name it had. */
const isStoredFile = (value: unknown): value is { bytes: Uint8Array; path?: string | null } =>
  typeof value === 'object' && value !== null && 'bytes' in value && value.bytes instanceof Uint8Array

/**
 * The document of a row of a table. Fields without a value are left out; pictures and sounds as `datasets` stores them
 * become media. Undefined, and reported, if it holds no text.
 */
export function documentOfRow(
  row: readonly (readonly [string, unknown])[],
  id: string,
  config: ReadConfig,
  onFault: (kind: string, found: string) => void,
): Document | undefined {
  const record: [string, Json][] = []
  const media: Media[] = []
  for (const [name, value] of row) {
    if (value === null || value === undefined) continue
    if (isStoredFile(value)) {
      media.push(mediaOfBytes(value.bytes, value.path?.match(/[^./\\]+$/)?.[0] ?? endingOf(value.bytes)))
      continue
    }
    // Some writers do not say that their bytes are text.
    const isText = value instanceof Uint8Array && (name === config.textKey || name === config.idKey)
    const json = isText ? (isUtf8(value) ? Buffer.from(value).toString() : undefined) : toJson(value)
    if (json === undefined) {
      onFault('invalid-utf8', `column "${name}"`)
      return undefined
    }
    record.push([name, json])
  }
  const fields = Object.fromEntries(record)
  const text = fields[config.textKey]
  if (typeof text === 'string' && text.includes('\0')) {
    onFault('nul-byte', `column "${config.textKey}"`)
    return undefined
  }
  const document = documentOf(fields, id, config, onFault)
  if (document && media.length > 0) document.media = [...(document.media ?? []), ...media]
  return document
}

/** The ending of a picture or sound without a name, by its first bytes. */
function endingOf(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (head.startsWith('\x89PNG')) return 'png'
  if (head.startsWith('\xff\xd8')) return 'jpg'
  if (head.startsWith('GIF8')) return 'gif'
  if (head.startsWith('RIFF')) return head.endsWith('WEBP') ? 'webp' : 'wav'
  return head.startsWith('fLaC') ? 'flac' : 'bin'
}
