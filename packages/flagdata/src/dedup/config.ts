import * as z from 'zod'
import { condenseSchemas } from '../condense/config.ts'

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

/** The options of each kind of deduplication. A kind is added here and in `kinds.ts`. */
export const dedupSchemas = { exact: exactSchema, minhash: minhashSchema, ...condenseSchemas }

export type MinhashConfig = z.output<typeof minhashSchema>
export type ExactConfig = z.output<typeof exactSchema>

export type DedupName = keyof typeof dedupSchemas
/** The options of a kind, with defaults. */
export type ConfigOf<Name extends DedupName> = z.output<(typeof dedupSchemas)[Name]>
/** A kind with its options: `{ minhash: { … } }`. */
export type DedupConfig = { [Name in DedupName]: { [key in Name]: ConfigOf<Name> } }[DedupName]
/** The same as people write it, where options may be left out. */
export type DedupInput = {
  [Name in DedupName]: { [key in Name]: z.input<(typeof dedupSchemas)[Name]> }
}[DedupName]

export const dedupNames = Object.keys(dedupSchemas) as DedupName[]

/** The kind and the options of `{ minhash: { … } }`. */
export const dedupEntry = (dedup: DedupConfig): [DedupName, DedupConfig[keyof DedupConfig]] =>
  Object.entries(dedup)[0] as [DedupName, DedupConfig[keyof DedupConfig]]
