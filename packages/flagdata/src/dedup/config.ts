import * as z from 'zod'
import { condenseSchemas } from '../condense/config.ts'
import { keySchema, urlKeySchema } from './key.ts'

const minhashIndexShape = {
  /** A folder of `bucket_000/*.minhash.index` of earlier data: what is like it is removed here. */
  index: z.string().min(1).optional(),
  /** With an index, whether documents that are only like each other all stay. */
  onlyInIndex: z.boolean().default(true),
  /** `<folder>/<name>`: the hashes that are not in the index are written there, as an index for later data. */
  writeIndex: z
    .string()
    .regex(/[^/\\]$/, 'expected "<folder>/<name>"')
    .optional(),
}

const datatroveMinhashSchema = z.strictObject({
  /** Words per shingle. */
  ngrams: z.int().min(1).max(100).default(5),
  buckets: z.int().min(1).max(999).default(14),
  hashesPerBucket: z.int().min(1).max(256).default(8),
  /** Chooses the permutations; equal seeds give equal signatures. */
  seed: z.int().min(0).max(0xffffffff).default(1),
  hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
  ...minhashIndexShape,
  /** datatrove's pairs: with `onlyInIndex`, of documents with equal hashes in the index only the first is found. */
  compatible: z.literal('datatrove').optional(),
})

/**
 * MinHash-LSH as FlagData computes it, which is text-dedup's earlier form: 256 permutations and a threshold of 0.87, for
 * which 11 bands of 23 rows have the least expected error.
 */
const flagdataMinhashSchema = z.strictObject({
  compatible: z.literal('flagdata'),
  /** Words per shingle; words are what lies between single characters that are no letter, digit or `_`. */
  ngrams: z.int().min(1).max(100).default(5),
  /** Documents of fewer words are short. */
  minLength: z.int().min(1).default(5),
  buckets: z.int().min(1).max(999).default(11),
  hashesPerBucket: z.int().min(1).max(256).default(23),
  seed: z.int().min(0).max(0xffffffff).default(42),
  hash: z.literal('sha1-32').default('sha1-32'),
  /** Whether short documents all stay or, as in FlagData, are all taken for the same document. */
  shortDocuments: z.enum(['keep', 'collapse']).default('keep'),
  ...minhashIndexShape,
})

/** MinHash-LSH, with the names and defaults of datatrove's `MinhashConfig` or, if asked for, of FlagData. */
export const minhashSchema = z.discriminatedUnion('compatible', [
  flagdataMinhashSchema,
  datatroveMinhashSchema,
])

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
const urlSchema = z.strictObject({ ...urlKeySchema.shape, ...exactShape })

/** SimHash, with the names of data-juicer's `document_simhash_deduplicator` where it has them. */
export const simhashSchema = z
  .strictObject({
    /** What shingles are made of; `character` for Chinese and for mixed texts. */
    tokenization: z.enum(['character', 'space', 'punctuation']).default('character'),
    /** Tokens per shingle. */
    window: z.int().min(1).max(1000).default(6),
    lowercase: z.boolean().default(true),
    /** A regular expression; what it matches is taken out first. */
    ignorePattern: z.string().min(1).optional(),
    hash: z.enum(['xxhash', 'md5']).default('xxhash'),
    /** Texts are alike if at most so many of the 64 bits differ. */
    distance: z.int().min(0).max(16).default(4),
    /** Into how many blocks the bits are cut to find such texts; more is more tables and fewer comparisons. */
    blocks: z.int().min(2).max(64).optional(),
    /** MD5 and shingles as data-juicer takes them. */
    compatible: z.literal('data-juicer').optional(),
  })
  .refine(({ distance, blocks }) => blocks === undefined || blocks > distance, {
    message: 'expected more blocks than the distance',
    path: ['blocks'],
  })

/** Spans of sentences, with the defaults of datatrove's `SentDedupConfig`. */
export const sentencesSchema = z
  .strictObject({
    /** Sentences per span. */
    sentences: z.int().min(1).max(100).default(3),
    /** Whether spans are made of sentences or of lines. */
    split: z.enum(['sentences', 'lines']).default('sentences'),
    /** Changed documents need so many words and so many sentences to be kept. */
    minWords: z.int().min(0).default(50),
    minSentences: z.int().min(0).default(3),
    /** Shorter spans stay. */
    minSpanWords: z.int().min(0).default(0),
    hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
    /** Spans are found range by range of their hashes, each in the memory of its part. */
    ranges: z.int().min(1).max(9999).default(1),
    index: z.string().min(1).optional(),
    onlyInIndex: z.boolean().default(true),
    writeIndex: z.string().min(1).optional(),
    /** datatrove's records, which number sentences up to 65535, and its treatment of short spans and of lines. */
    compatible: z.literal('datatrove').optional(),
  })
  .refine(({ ranges, writeIndex }) => ranges === 1 || writeIndex === undefined, {
    message: 'an index is written from one range only',
    path: ['writeIndex'],
  })

/** A Bloom filter of what was seen before. */
export const bloomSchema = z
  .strictObject({
    /** What is looked up: documents, their paragraphs (lines), or n-grams of their words. */
    level: z.enum(['document', 'paragraph', 'ngram']).default('document'),
    /** Elements (documents, paragraphs or n-grams) that the filter is to hold, those of later runs included. */
    elements: z.int().min(1).default(10_000_000),
    /** The rate of false positives when it holds them. */
    rate: z.number().gt(0).lt(1).default(0.001),
    /** Words per n-gram, and the share of a document's n-grams above which it is a duplicate. */
    ngrams: z.int().min(1).max(100).default(13),
    threshold: z.number().min(0).max(1).default(0.8),
    hash: z.enum(['xxhash', 'sha1']).default('xxhash'),
    seed: z.int().min(0).max(0xffffffff).default(0),
    /** A filter of an earlier run, to begin with. */
    filter: z.string().min(1).optional(),
    /** Where the filter is written when all documents are in it. */
    writeFilter: z.string().min(1).optional(),
    /** datatrove's filter over n-grams, bit for bit, which needs its size. */
    compatible: z.literal('datatrove').optional(),
    bytes: z.int().min(1).optional(),
    hashes: z.int().min(1).optional(),
  })
  .refine(({ compatible, level }) => !compatible || level === 'ngram', {
    message: "datatrove's filter holds n-grams",
    path: ['level'],
  })
  .refine(({ compatible, bytes }) => (compatible !== undefined) === (bytes !== undefined), {
    message: 'the size goes with compatible: datatrove',
    path: ['bytes'],
  })
  .refine(({ filter, writeFilter }) => filter === undefined || filter !== writeFilter, {
    message: 'write to another file, so that a run that is repeated does not find its own documents',
    path: ['writeFilter'],
  })

/** Repeated passages, as Google's tool finds them with suffix arrays. */
const substringsSchema = z.strictObject({
  /** The least bytes of a passage, as UTF-8. */
  length: z.int().min(1).max(1_000_000).default(100),
  /** Whether the first occurrence stays, or none, as in Google's tool. */
  keep: z.enum(['first', 'none']).default('first'),
  /** Changed documents need so many words to be kept. */
  minWords: z.int().min(0).default(50),
  /** Pieces whose texts are searched as one; two such chunks are in memory at a time, 17 bytes per byte of text. */
  chunkPieces: z.int().min(1).default(4),
})

/** Pictures that look alike. */
const imagesSchema = z.strictObject({
  hash: z.enum(['phash', 'dhash', 'ahash']).default('phash'),
  /** Pictures are alike if at most so many of the 64 bits differ. */
  distance: z.int().min(0).max(16).default(4),
  /** Where the path of a picture stands: `media`, for the first picture there, or `metadata.<field>`. */
  field: z
    .string()
    .regex(/^(media|metadata(\.[^.]+)+)$/, 'expected "media" or "metadata.<field>"')
    .default('media'),
  /** What relative paths are relative to. */
  folder: z.string().default('.'),
})

/** SemDeDup over embeddings that the caller gives, with NeMo Curator's defaults where it has them. */
const semanticSchema = z
  .strictObject({
    /** Where the vector stands: `metadata.<field>`, a list of numbers. */
    field: z
      .string()
      .regex(/^metadata(\.[^.]+)+$/, 'expected "metadata.<field>"')
      .optional(),
    /** Or a file of vectors: `.npy` with `ids`, a text file of one id a line, or `.parquet`. */
    vectors: z.string().min(1).optional(),
    ids: z.string().min(1).optional(),
    idColumn: z.string().min(1).default('id'),
    column: z.string().min(1).default('embedding'),
    clusters: z.int().min(1).default(100),
    /** Documents are alike if the cosine of their vectors is at least 1 − eps. */
    eps: z.number().min(0).max(2).default(0.01),
    keep: z.enum(['hard', 'easy', 'random']).default('hard'),
    seed: z.int().min(0).max(0xffffffff).default(42),
    iterations: z.int().min(1).default(100),
    tolerance: z.number().min(0).default(1e-4),
    /** Rows per step of mini-batch k-means. */
    batch: z.int().min(1).optional(),
  })
  .refine(({ field, vectors }) => (field === undefined) !== (vectors === undefined), {
    message: 'expected either a field or a file of vectors',
    path: ['vectors'],
  })

/** The options of each kind of deduplication. A kind is added here and in `kinds.ts`. */
export const dedupSchemas = {
  exact: exactSchema,
  url: urlSchema,
  minhash: minhashSchema,
  simhash: simhashSchema,
  sentences: sentencesSchema,
  bloom: bloomSchema,
  substrings: substringsSchema,
  images: imagesSchema,
  semantic: semanticSchema,
  ...condenseSchemas,
}

export type MinhashConfig = z.output<typeof minhashSchema>
/** What comparing hashes needs to know, whatever they were taken from. */
export type ExactConfig = Omit<z.output<typeof exactSchema>, 'key'>

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
