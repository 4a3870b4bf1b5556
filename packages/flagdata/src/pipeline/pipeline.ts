import * as z from 'zod'
import { type DedupConfig, type DedupInput, dedupNames, dedupSchemas } from '../dedup/config.ts'
import { DataError } from '../errors.ts'
import type { Step } from './step.ts'

/** The formats of files that are read; `huggingface` is a folder of such files, `files` one of any. */
export const readFormats = [
  'jsonl',
  'text',
  'parquet',
  'arrow',
  'csv',
  'tsv',
  'warc',
  'webdataset',
  'huggingface',
  'files',
] as const

const ascii = z.string().regex(/^[\t\x20-\x7e]$/, 'expected one ASCII character')

/** Where documents come from. Plain data, so that it can be hashed, stored and sent to a worker thread. */
export const readSchema = z
  .strictObject({
    format: z.enum(readFormats).default('jsonl'),
    /** A file, or a folder that is searched with all below it. */
    path: z.string().min(1),
    textKey: z.string().min(1).default('text'),
    idKey: z.string().min(1).default('id'),
    /** For `files`: only these files and folders below `path`. */
    files: z.array(z.string().min(1)).min(1).optional(),
    /** For `text`: a document per file or per line. */
    documents: z.enum(['file', 'line']).default('file'),
    /** For `csv` and `tsv`: what stands between fields, and around those that hold it. */
    delimiter: ascii.optional(),
    quote: ascii.optional(),
    /** For `csv` and `tsv` without a header: the names of the columns. */
    columns: z.array(z.string().min(1)).min(1).optional(),
    /** For `huggingface`: the configuration, and the split; without, the default one, and all splits. */
    config: z.string().min(1).optional(),
    split: z.string().min(1).optional(),
    /** Larger files are cut into pieces of about this many bytes, where their format allows it. */
    pieceBytes: z
      .int()
      .min(1)
      .default(64 * 1024 * 1024),
    /** Longer lines, records and texts are passed over and reported. */
    maxDocumentBytes: z
      .int()
      .min(1)
      .max(500 * 1024 * 1024)
      .default(64 * 1024 * 1024),
  })
  .refine(({ delimiter, quote }) => delimiter === undefined || delimiter !== quote, {
    path: ['quote'],
    message: 'the same as the delimiter',
  })

/** The formats of files that are written. */
export const writeFormats = [
  'jsonl',
  'text',
  'parquet',
  'arrow',
  'csv',
  'tsv',
  'webdataset',
  'tokens',
] as const

/** Where kept documents go, and whether removed ones are kept beside them. */
export const writeSchema = z
  .strictObject({
    format: z.enum(writeFormats).default('jsonl'),
    /** A folder. */
    path: z.string().min(1),
    /** Of the files; for `parquet` of the pages in them. By default gzip, for parquet snappy, for arrow and webdataset none. */
    compression: z.enum(['none', 'gzip', 'zstd', 'snappy']).optional(),
    /** Of gzip: 1 is fastest, 9 smallest. */
    level: z.int().min(1).max(9).optional(),
    /** Whether removed documents are written to `removed/` with step, reason, value and limit. */
    removed: z.boolean().default(true),
    /** Of each piece, so many of the documents that steps changed are written to `changed/` with their text before. */
    changed: z.union([z.int().min(0), z.literal('all')]).default(20),
    /** For `tokens`: a tokenizer.json, and the token that follows each document in place of what the tokenizer itself adds. */
    tokenizer: z.string().min(1).optional(),
    endOfText: z.string().min(1).optional(),
    /** A file is closed before it holds more than this many bytes, before compression; one document is always written. */
    maxFileBytes: z.int().min(1).optional(),
    /** A file is closed when it holds this many documents. */
    maxFileDocuments: z.int().min(1).optional(),
  })
  .refine(({ format, tokenizer }) => (format === 'tokens') === (tokenizer !== undefined), {
    path: ['tokenizer'],
    message: 'the format tokens needs a tokenizer, and only it',
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

type ReadOptions = Omit<z.input<typeof readSchema>, 'path' | 'format'>
type WriteOptions = Omit<z.input<typeof writeSchema>, 'path' | 'format'>

const reader =
  (name: string, format: ReadConfig['format']) =>
  (path: string, options: ReadOptions = {}): Part => ({
    part: 'read',
    config: check(name, readSchema, { ...options, format, path }),
  })

const writer =
  (name: string, format: WriteConfig['format']) =>
  (path: string, options: WriteOptions = {}): Part => ({
    part: 'write',
    config: check(name, writeSchema, { ...options, format, path }),
  })

/** Reads JSON lines, plain, `.gz` or `.zst`: `{text, id?, media?, metadata?, …}`; other keys become metadata. */
export const readJsonl = reader('readJsonl', 'jsonl')

/** Reads text, plain, `.gz` or `.zst`: a document per file, or per line. */
export const readText = reader('readText', 'text')

/** Reads Parquet: a document per row, columns other than text and id become metadata. */
export const readParquet = reader('readParquet', 'parquet')

/** Reads Arrow IPC, files (Feather) and streams: a document per row, as for Parquet. */
export const readArrow = reader('readArrow', 'arrow')

/** Reads CSV after RFC 4180, plain, `.gz` or `.zst`, whose first record names the columns. */
export const readCsv = reader('readCsv', 'csv')

/** Reads the same with tabs between fields. */
export const readTsv = reader('readTsv', 'tsv')

/** Reads WARC and WET, plain or `.gz`: a document per response, resource or conversion record that holds text. */
export const readWarc = reader('readWarc', 'warc')

/** Reads tar files of WebDataset: a document per sample, pictures and other members become media. */
export const readWebDataset = reader('readWebDataset', 'webdataset')

/** Reads a folder as Hugging Face's `datasets` lays it out: by its card, by names of files, or of `save_to_disk`. */
export const readHuggingface = reader('readHuggingface', 'huggingface')

/**
 * Reads a folder of files of any kind: a document for each, without text, its `path` and `mime` in the metadata. An
 * extractor makes text of it.
 *
 * @example
 * pipeline([readFiles('manuals'), extract(), writeJsonl('out')])
 */
export const readFiles = reader('readFiles', 'files')

/** Writes a folder of JSON lines. */
export const writeJsonl = writer('writeJsonl', 'jsonl')

/**
 * Writes token files as datatrove does, for training: `00000.ds` with `.index` and `.metadata`. `mergeTokens` and
 * `flagdata tokens` shuffle, pack and convert them.
 */
export const writeTokens = writer('writeTokens', 'tokens')

/** Writes a folder of text files, documents separated by an empty line. Ids and metadata are not written. */
export const writeText = writer('writeText', 'text')

/** Writes a folder of Parquet files: columns id, text, media, and one per key of the metadata. */
export const writeParquet = writer('writeParquet', 'parquet')

/** Writes a folder of Arrow IPC files with the columns that Parquet files have. */
export const writeArrow = writer('writeArrow', 'arrow')

/** Writes a folder of CSV files with the columns that Parquet files have. */
export const writeCsv = writer('writeCsv', 'csv')

/** Writes the same with tabs between fields. */
export const writeTsv = writer('writeTsv', 'tsv')

/** Writes a folder of tar files: of each document `.txt`, `.json` with id and metadata, and its media. */
export const writeWebDataset = writer('writeWebDataset', 'webdataset')

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

/**
 * Keeps a choice of the documents that looks at all of them: the best by a number that they carry (`select`), a bounded
 * part of each group (`balance`), or those far from each other (`diverse`).
 *
 * @throws DataError `invalid-argument` for an unknown kind or wrong options
 */
export const condense = (config: Extract<DedupInput, CondenseInput>): Part => dedup(config)

type CondenseInput = Record<'select', unknown> | Record<'balance', unknown> | Record<'diverse', unknown>

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
