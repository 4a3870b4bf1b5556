import * as z from 'zod'
import { type DedupConfig, type DedupInput, dedupNames, dedupSchemas } from '../dedup/config.ts'
import { DataError } from '../errors.ts'
import type { Step } from './step.ts'

/** Where documents come from. Plain data, so that it can be hashed, stored and sent to a worker thread. */
export const readSchema = z.strictObject({
  format: z.enum(['jsonl', 'text']).default('jsonl'),
  /** A file, or a folder that is searched with all below it. */
  path: z.string().min(1),
  textKey: z.string().min(1).default('text'),
  idKey: z.string().min(1).default('id'),
  /** For `text`: a document per file or per line. */
  documents: z.enum(['file', 'line']).default('file'),
  /** Files that are not compressed are cut into pieces of this many bytes, between lines. */
  pieceBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
  /** Longer lines (for `text` by file: longer files) are passed over and reported. */
  maxDocumentBytes: z
    .int()
    .min(1)
    .max(500 * 1024 * 1024)
    .default(64 * 1024 * 1024),
})

/** Where kept documents go, and whether removed ones are kept beside them. */
export const writeSchema = z.strictObject({
  format: z.enum(['jsonl', 'text']).default('jsonl'),
  /** A folder. */
  path: z.string().min(1),
  compression: z.enum(['none', 'gzip', 'zstd']).default('gzip'),
  /** Whether removed documents are written to `removed/` with step, reason, value and limit. */
  removed: z.boolean().default(true),
})

export type ReadConfig = z.output<typeof readSchema>
export type WriteConfig = z.output<typeof writeSchema>

/** A reader, a writer or a deduplication as they stand in a pipeline. */
export type Part =
  | { readonly part: 'read'; readonly config: ReadConfig }
  | { readonly part: 'write'; readonly config: WriteConfig }
  | { readonly part: 'dedup'; readonly config: DedupConfig }

export interface Pipeline {
  readonly read: ReadConfig
  readonly steps: readonly Step[]
  /** After the steps, in this order. */
  readonly dedups: readonly DedupConfig[]
  readonly write: WriteConfig
}

/** Reads JSON lines, plain, `.gz` or `.zst`: `{text, id?, media?, metadata?, …}`; other keys become metadata. */
export const readJsonl = (
  path: string,
  options: Omit<z.input<typeof readSchema>, 'path' | 'format'> = {},
): Part => ({
  part: 'read',
  config: check('readJsonl', readSchema, { ...options, format: 'jsonl', path }),
})

/** Reads text, plain, `.gz` or `.zst`: a document per file, or per line. */
export const readText = (
  path: string,
  options: Omit<z.input<typeof readSchema>, 'path' | 'format'> = {},
): Part => ({
  part: 'read',
  config: check('readText', readSchema, { ...options, format: 'text', path }),
})

/** Writes a folder of JSON lines. */
export const writeJsonl = (
  path: string,
  options: Omit<z.input<typeof writeSchema>, 'path' | 'format'> = {},
): Part => ({
  part: 'write',
  config: check('writeJsonl', writeSchema, { ...options, format: 'jsonl', path }),
})

/** Writes a folder of text files, documents separated by an empty line. Ids and metadata are not written. */
export const writeText = (
  path: string,
  options: Omit<z.input<typeof writeSchema>, 'path' | 'format'> = {},
): Part => ({ part: 'write', config: check('writeText', writeSchema, { ...options, format: 'text', path }) })

/**
 * Removes what occurs more than once, over the whole input: documents that are equal (`exact`) or alike (`minhash`).
 *
 * @throws DataError `invalid-argument` for an unknown kind or wrong options
 */
export function dedup(config: DedupInput): Part {
  const [[name, options], ...others] = Object.entries(config)
  const schema = dedupSchemas[name as keyof typeof dedupSchemas]
  if (schema === undefined || others.length > 0)
    throw new DataError('invalid-argument', `dedup: expected one of ${dedupNames.join(', ')}`)
  return {
    part: 'dedup',
    config: { [name]: check(`dedup.${name}`, schema, options) } as unknown as DedupConfig,
  }
}

function check<Schema extends z.ZodType>(name: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]
  throw new DataError('invalid-argument', `${[name, ...path].join('.')}: ${message}`)
}

/**
 * A pipeline from its parts in the order in which documents pass them: a reader, steps, deduplications, a
 * writer.
 *
 * @example
 * const clean = pipeline([
 *   readJsonl('crawl'),
 *   gopherRepetition(),
 *   gopherQuality({ minWords: 100 }),
 *   dedup({ minhash: {} }),
 *   writeJsonl('clean'),
 * ])
 *
 * @throws DataError `invalid-argument` when parts are missing or out of order
 */
export function pipeline(parts: readonly (Part | Step)[]): Pipeline {
  const refuse = (what: string): never => {
    throw new DataError('invalid-argument', `pipeline: ${what}`, {
      hint: 'the order is: a reader, steps, dedups, a writer',
    })
  }
  const [first, ...rest] = parts
  const last = rest.pop()
  if (first === undefined || !('part' in first) || first.part !== 'read')
    return refuse('the first part is not a reader')
  if (last === undefined || !('part' in last) || last.part !== 'write')
    return refuse('the last part is not a writer')
  const dedups: DedupConfig[] = []
  for (let end = rest.at(-1); end !== undefined && 'part' in end && end.part === 'dedup'; end = rest.at(-1)) {
    dedups.unshift(end.config)
    rest.pop()
  }
  const steps = rest.map((part) =>
    'part' in part ? refuse(`a ${part.part} part stands between the steps`) : part,
  )
  return { read: first.config, steps, dedups, write: last.config }
}
