import * as z from 'zod'

const field = z.string().regex(/^(text|id|metadata\..+)$/, 'expected metadata.<name>, text or id')
const seed = z.int().min(0).max(0xffffffff).default(0)
const fraction = z.number().gt(0).max(1)

/** Selection by a number that documents carry, such as a quality score or a perplexity. */
export const selectSchema = z
  .strictObject({
    field,
    /** Which end is good: scores are `highest`, perplexities `lowest`. */
    keep: z.enum(['highest', 'lowest']).default('highest'),
    /** How many are kept: a share of the documents, or a number, or all on the good side of a limit. */
    fraction: fraction.optional(),
    count: z.int().min(1).optional(),
    limit: z.number().optional(),
    /** Share and number are meant for each value of this field, such as `metadata.language`. */
    per: field.optional(),
    /**
     * Instead of a share: keeps a document with the probability that a Pareto variable with this exponent exceeds one less
     * the score, which must lie between 0 and 1, so that some of the low ones stay (GPT-3, Brown et al. 2020, appendix A).
     */
    pareto: z.number().gt(0).optional(),
    seed,
  })
  .refine(
    ({ fraction, count, limit, pareto }) =>
      [fraction, count, limit, pareto].filter((it) => it !== undefined).length === 1,
    { message: 'expected one of fraction, count, limit, pareto' },
  )

/** Selection of a bounded number from each group, such as a cluster or a domain, so that large groups do not dominate. */
export const balanceSchema = z
  .strictObject({
    field,
    /** The most documents of a group. */
    most: z.int().min(1).optional(),
    /** Instead: the share of the documents to keep, divided over the groups in proportion to their size to this power. */
    fraction: fraction.optional(),
    /** 1 keeps the proportions, 0 makes all groups equal, 0.5 is between. */
    power: z.number().min(0).max(1).default(0.5),
    seed,
  })
  .refine(({ most, fraction }) => (most === undefined) !== (fraction === undefined), {
    message: 'expected one of most, fraction',
  })

/** Selection of documents that are far from each other: farthest-first traversal (Gonzalez 1985), "k-center". */
export const diverseSchema = z
  .strictObject({
    /** The field that holds each document's embedding, a list of numbers of one length. */
    field: z.string().regex(/^metadata\..+$/, 'expected metadata.<name>'),
    fraction: fraction.optional(),
    count: z.int().min(1).optional(),
    seed,
  })
  .refine(({ fraction, count }) => (fraction === undefined) !== (count === undefined), {
    message: 'expected one of fraction, count',
  })

export type SelectConfig = z.output<typeof selectSchema>
export type BalanceConfig = z.output<typeof balanceSchema>
export type DiverseConfig = z.output<typeof diverseSchema>

/** The options of each kind of selection. */
export const condenseSchemas = { select: selectSchema, balance: balanceSchema, diverse: diverseSchema }
