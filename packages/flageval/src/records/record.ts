import { createHash } from 'node:crypto'
import { z } from 'zod'

const head = {
  /** Name of the sample: unique within its task, language and system. */
  sample: z.string().min(1),
  /** Hash of what the sample consists of: two runs may be compared where it is equal. */
  document: z.string(),
  /** Hash of what the model was asked. */
  request: z.string(),
  /** Samples with one cluster are not independent: captions of one picture. */
  cluster: z.string().optional(),
}

const rank = {
  /** Number of candidates, and how many of them are right. */
  candidates: z.int().positive(),
  right: z.int().positive(),
  gold: z.array(z.string()),
  /** Wrong candidates that score higher than, and exactly as, the best right one. */
  better: z.int().nonnegative(),
  equal: z.int().nonnegative(),
  /** The best candidates with their scores, best first. */
  top: z.array(z.tuple([z.string(), z.number()])),
}

const counts = z.array(z.number())

/** Σ ln p and whether it is the greedy answer; Σ ln p of a whole text; a text. */
const modelAnswer = z.union([z.tuple([z.number(), z.boolean()]), z.number(), z.string()])

/** One sample of any task: what was asked, what the model answered and what is right. Metrics see nothing else. */
export const sampleRecord = z.discriminatedUnion('kind', [
  z.object({
    ...head,
    kind: z.literal('retrieval'),
    direction: z.enum(['text-to-image', 'image-to-text']),
    ...rank,
  }),
  z.object({
    ...head,
    kind: z.literal('classification'),
    ...rank,
    /** Geolocalisation: kilometres from the answer to the right place, and from every candidate to it. */
    kilometres: z.object({ answer: z.number(), candidates: z.array(z.number()) }).optional(),
  }),
  /** A sentence among translations, and a translation among sentences. */
  z.object({
    ...head,
    kind: z.literal('bitext'),
    direction: z.enum(['to-translation', 'from-translation']),
    ...rank,
  }),
  z.object({ ...head, kind: z.literal('multi-label'), scores: counts, gold: z.array(z.boolean()) }),
  /** Scores in the order of `PairScores`. */
  z.object({
    ...head,
    kind: z.literal('pair'),
    scores: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  }),
  z.object({ ...head, kind: z.literal('foil'), category: z.string(), right: z.number(), wrong: counts }),
  z.object({
    ...head,
    kind: z.literal('choice'),
    choices: z.array(z.string()),
    logLikelihoods: counts,
    unconditional: counts.optional(),
    gold: z.int().nonnegative(),
  }),
  z.object({
    ...head,
    kind: z.literal('likelihood'),
    logLikelihood: z.number(),
    bytes: z.int().positive(),
    words: z.int().positive(),
  }),
  /** The end of a text, as lm-eval's loglikelihood. */
  z.object({ ...head, kind: z.literal('continuation'), logLikelihood: z.number(), greedy: z.boolean() }),
  /** A caption of a model, or a picture that it drew. */
  z.object({
    ...head,
    kind: z.literal('clip-score'),
    /** Whose vectors they are. */
    encoder: z.string(),
    /** The cosine of picture and caption. */
    cosine: z.number(),
    /** The cosine with the caption of the next sample: what a caption of something else gets. */
    other: z.number(),
    /** The best cosine of the caption with its references, where it has some. */
    reference: z.number().optional(),
    /** What the model wrote. */
    caption: z.string().optional(),
  }),
  /** The vector of a picture that a model drew, or of one of those that it should draw alike. */
  z.object({
    ...head,
    kind: z.literal('feature'),
    encoder: z.string(),
    set: z.enum(['drawn', 'real']),
    /** Little-endian float32 as base64. */
    vector: z.base64(),
  }),
  z.object({
    ...head,
    kind: z.literal('answer'),
    answer: z.string(),
    references: z.array(z.string()).min(1),
  }),
  /** A document of a task in lm-eval's dialect. */
  z.object({
    ...head,
    kind: z.literal('prompted'),
    output: z.enum(['loglikelihood', 'loglikelihood_rolling', 'multiple_choice', 'generate_until']),
    prompt: z.string(),
    /** What was scored after the prompt; for a whole text the text, for an answer nothing. */
    continuations: z.array(z.string()),
    /** What stood before each continuation, where that was not the prompt. */
    contexts: z.array(z.string()).optional(),
    /** Number of choices that a guess picks from. */
    choices: z.int().positive().optional(),
    target: z.json(),
    /** For each request what was answered, once for each repeat. */
    responses: z.array(z.array(modelAnswer)),
    /** For each filter what it made of the answers. */
    filtered: z.record(z.string(), z.array(z.json())),
    /** By `metric,filter`: the metric's value of this document, or what its aggregation needs. */
    measured: z.record(z.string(), z.json()),
  }),
  z.object({ ...head, kind: z.literal('code'), samples: z.int().positive(), correct: z.int().nonnegative() }),
])

export type SampleRecord = z.infer<typeof sampleRecord>
export type RecordKind = SampleRecord['kind']
export type RecordOf<K extends RecordKind> = Extract<SampleRecord, { kind: K }>

/** A SHA-256 of anything that JSON can say, and of bytes, shortened to 16 hexadecimal digits. */
export function shortHash(...parts: readonly unknown[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    hash.update(part instanceof Uint8Array ? part : JSON.stringify(part))
    hash.update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}
