import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { agreementSchema, comparisonRaw } from '../compare/schema.ts'
import { monitorSeries } from '../monitors/series.ts'
import { baseRaw } from './base.ts'
import { ceilingsSchema } from './ceilings.ts'
import { coldRaw } from './cold.ts'
import { energyRaw } from './energy.ts'
import { environmentSchema, noiseSchema } from './environment.ts'
import { generateRaw } from './generate.ts'
import { opRaw } from './op.ts'
import { profiledNodeSchema } from './profile.ts'
import { soakRaw } from './soak.ts'
import { trainRaw } from './train.ts'

const count = z.number().int().nonnegative()
const times = z.array(z.number())

/** LoadGen's settings; seeds are texts, since JSON readers round whole numbers of 64 bits. */
const settingsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

const recordSchema = z.object({
  queryCount: count,
  query: times,
  sample: times,
  scheduledNs: times,
  issuedNs: times,
  completedNs: times,
  firstTokenNs: times.optional(),
  tokens: times.optional(),
  errors: z.array(z.object({ key: z.string(), message: z.string() })),
})

/** What was measured on a model: every sample of the load test, and every run of every node. */
const modelRaw = z.object({
  kind: z.literal('model'),
  settings: settingsSchema,
  samples: z.object({ total: count, performance: count }),
  record: recordSchema,
  /** Time to open the model and time of the first run, in nanoseconds. */
  openNs: z.number(),
  firstRunNs: z.number(),
  provider: z.string(),
  profile: z.array(profiledNodeSchema),
  /** Of the chip, where they were measured in the same run. */
  ceilings: ceilingsSchema.optional(),
  /** How far outputs are from those of the CPU without graph optimisation, on the same inputs. */
  agreement: z.array(agreementSchema).optional(),
})
export type ModelRaw = z.infer<typeof modelRaw>

const statuses = ['ok', 'failed', 'crashed', 'timed-out', 'out-of-memory'] as const
export type Status = (typeof statuses)[number]

const caseRow = z.object({
  name: z.string(),
  status: z.enum(statuses),
  /** What happened, if it is not ok. */
  message: z.string().optional(),
  /** What was asked for. */
  options: z.record(z.string(), z.unknown()),
  noise: noiseSchema.optional(),
  /** The machine while it ran. */
  monitor: monitorSeries.optional(),
  raw: z
    .discriminatedUnion('kind', [
      modelRaw,
      baseRaw,
      comparisonRaw,
      opRaw,
      coldRaw,
      soakRaw,
      energyRaw,
      trainRaw,
      generateRaw,
    ])
    .optional(),
  /** What follows from `raw`: `flagperf verify` computes it again. */
  derived: z.record(z.string(), z.unknown()).optional(),
})
/** What a case measured. */
export type CaseRaw = NonNullable<z.infer<typeof caseRow>['raw']>
export type CaseRow = z.infer<typeof caseRow>

/** A result file of flagperf. */
const resultFile = z.object({
  schema: z.literal('flagperf/1'),
  createdAt: z.string(),
  environment: environmentSchema,
  cases: z.array(caseRow),
})
export type ResultFile = z.infer<typeof resultFile>

/** Reads one case, as a sweep keeps it. Throws `corrupt-file`, saying where the text is not one. */
export const parseRow = (text: string, source: string): CaseRow => parse(caseRow, text, source)

/** Reads a result. Throws `corrupt-file`, saying where the text is not one. */
export const parseResult = (text: string, source: string): ResultFile => parse(resultFile, text, source)

function parse<T>(schema: z.ZodType<T>, text: string, source: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${source}: not a result of flagperf: ${(cause as Error).message}`, {
      cause,
    })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FlagError(
    'corrupt-file',
    `${source}: not a result of flagperf: at ${issue.path.join('.') || 'the top'}: ${issue.message}`,
  )
}
