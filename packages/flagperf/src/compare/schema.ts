import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'

const clocks = ['auto', 'wall', 'cpu'] as const

/** How a comparison is made. All of it is fixed before the first measurement, and stored with the result. */
export const planSchema = z.object({
  /** Numbers of blocks after which a verdict may be given, rising. The error level is shared out among them. */
  looks: z.array(z.number().int().positive()).min(1),
  /** Rounds of a block: in each, every process has one burst. Fewer where they would take longer than `blockMs`. */
  rounds: z.number().int().min(5),
  blockMs: z.number().positive(),
  /** How long a burst should last; a run that takes longer is a burst by itself. */
  burstMs: z.number().positive(),
  warmUpMs: z.number().positive(),
  /** Chance that the interval contains the true ratio, whichever look it was taken at. */
  confidence: z.number().gt(0).lt(1),
  /** Differences up to this share are never called differences. */
  threshold: z.number().min(0),
  /**
   * `wall`: from the start of a run to its end. `cpu`: what the processor spent on it, which says the same of work in
   * one thread and does not count the time in which the system gave the processor to others. `auto`: `cpu` where
   * both compute in one thread and had to wait for more than a twentieth of the time.
   */
  clock: z.enum(clocks),
  seed: z.number().int().nonnegative(),
})
export type ComparisonPlan = z.infer<typeof planSchema>

/** Throws `invalid-argument` for a plan that cannot be followed. */
export function checkPlan(plan: ComparisonPlan): ComparisonPlan {
  const parsed = planSchema.safeParse(plan)
  if (!parsed.success)
    throw new FlagError('invalid-argument', `the plan of the comparison: ${z.prettifyError(parsed.error)}`)
  if (plan.looks.some((look, i) => i > 0 && look <= plan.looks[i - 1]))
    throw new FlagError('invalid-argument', `looks are ${plan.looks.join(', ')}, expected rising numbers`)
  return parsed.data
}

/** What a result says of a subject. */
const subjectSchema = z.object({
  name: z.string(),
  kind: z.enum(['model', 'module']),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type SubjectDescription = z.infer<typeof subjectSchema>

const times = z.array(z.number().nonnegative())

const processSchema = z.object({
  side: z.enum(['a', 'b']),
  /** Time to open it and time of its first run, in nanoseconds. */
  openNs: z.number(),
  firstRunNs: z.number(),
  /** Wall-clock time of a run, for every sample of every round. */
  wallNs: z.array(times.min(1)),
  /** Time of the processor, the same. */
  cpuNs: z.array(times.min(1)),
})
export type ProcessRecord = z.infer<typeof processSchema>

/** Four processes that took turns: a, b, a, b. */
const blockSchema = z.object({
  /** Runs that a sample is the mean of: more than one where a run is too short for the clock. */
  runsPerSample: z.number().int().positive(),
  /** Whether all processes were held on one core. */
  pinned: z.boolean(),
  processes: z.array(processSchema).length(4),
})
export type Block = z.infer<typeof blockSchema>

/** How far the outputs of a subject are from those of another, for one output. */
export const agreementSchema = z.object({
  output: z.string(),
  elements: z.number(),
  /** Largest absolute difference; null where something is not finite in one and is in the other. */
  maxAbs: z.number().nullable(),
  /** Largest difference relative to the reference's largest magnitude. */
  maxRel: z.number().nullable(),
  /** Cosine of the angle between the two; null for a vector of zeros. */
  cosine: z.number().nullable(),
})
export type Agreement = z.infer<typeof agreementSchema>

/** What was measured in a comparison. */
export const comparisonRaw = z.object({
  kind: z.literal('comparison'),
  plan: planSchema,
  a: subjectSchema,
  b: subjectSchema,
  /** Whether both compute in one thread, so that the time of the processor says how long they take. */
  singleThreaded: z.boolean(),
  blocks: z.array(blockSchema).min(1),
  /**
   * Outputs on the same inputs: of each model beside itself on the CPU without graph optimisation, and of the second
   * beside the first. Missing where a subject has no outputs.
   */
  agreement: z.object({
    a: z.array(agreementSchema),
    b: z.array(agreementSchema),
    between: z.array(agreementSchema),
  }),
})
export type ComparisonRaw = z.infer<typeof comparisonRaw>
