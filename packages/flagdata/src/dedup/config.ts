import * as z from 'zod'

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

/** Exact deduplication by a hash of the text. */
export const exactSchema = z.strictObject({
  hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
})

export const dedupSchema = z.union([
  z.strictObject({ minhash: minhashSchema }),
  z.strictObject({ exact: exactSchema }),
])

export type MinhashConfig = z.output<typeof minhashSchema>
export type ExactConfig = z.output<typeof exactSchema>
export type DedupConfig = z.output<typeof dedupSchema>
