import * as z from 'zod'
import { keySchema, urlKeySchema } from './key.ts'

/** MinHash-LSH, with the names and defaults of datatrove's `MinhashConfig`. */
export const minhashSchema = z.strictObject({
  /** Words per shingle. */
  ngrams: z.int().min(1).max(100).default(5),
  buckets: z.int().min(1).max(999).default(14),
  hashesPerBucket: z.int().min(1).max(256).default(8),
  /** Chooses the permutations; equal seeds give equal signatures. */
  seed: z.int().min(0).max(0xffffffff).default(1),
  hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
})

/** Which of equal documents stays: the earliest, the one with the longest text, or the highest `metadata.<field>`. */
const prioritySchema = z
  .string()
  .regex(/^(earliest|longest|metadata(\.[^.]+)+)$/, 'expected "earliest", "longest" or "metadata.<field>"')
  .default('earliest')

const exactShape = {
  hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
  priority: prioritySchema,
  /** datatrove's records, whose priorities are integers from 1 to 65535. */
  compatible: z.literal('datatrove').optional(),
  /** A `.c4_index` of earlier data, or a folder of such: what is in it is removed here. */
  index: z.string().min(1).optional(),
  /** With an index, whether documents that are equal only to each other all stay. */
  onlyInIndex: z.boolean().default(true),
  /** Where the hashes of this data are written, as an index for later data. */
  writeIndex: z.string().min(1).optional(),
}

/** Exact deduplication by a hash of the text or of another key. */
export const exactSchema = z.strictObject({ key: keySchema, ...exactShape })

/** Exact deduplication by address. */
export const urlSchema = z.strictObject({ ...urlKeySchema.shape, ...exactShape })

export const dedupSchema = z.union([
  z.strictObject({ minhash: minhashSchema }),
  z.strictObject({ exact: exactSchema }),
])

export type MinhashConfig = z.output<typeof minhashSchema>
/** What comparing hashes needs to know, whatever they were taken from. */
export type ExactConfig = Omit<z.output<typeof exactSchema>, 'key'>
export type UrlConfig = z.output<typeof urlSchema>
export type DedupConfig = z.output<typeof dedupSchema>
