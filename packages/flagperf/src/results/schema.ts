import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { agreementSchema, comparisonRaw } from '../compare/schema.ts'
import { environmentSchema, noiseSchema } from './environment.ts'

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
  errors: z.array(z.object({ key: z.string(), message: z.string() })),
})

const tensorType = z.object({ dtype: z.string(), shape: z.array(count) })

const profiledNode = z.object({
  name: z.string(),
  operator: z.string(),
  domain: z.string(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.number())])),
  provider: z.string(),
  microseconds: times,
  inputs: z.array(tensorType.nullable()),
  outputs: z.array(tensorType),
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
  profile: z.array(profiledNode),
  /** How far outputs are from those of the CPU without graph optimisation, on the same inputs. */
  agreement: z.array(agreementSchema).optional(),
})
export type ModelRaw = z.infer<typeof modelRaw>

/** What was measured of the machine: times of runs whose work is known. */
const baseRaw = z.object({
  kind: z.literal('base'),
  probe: z.enum(['gemm', 'memory', 'launch']),
  /** Work of one run: floating-point operations, bytes, or nodes beyond those of the shorter chain. */
  workPerRun: z.number(),
  timesNs: times,
  /** `launch` only: times of the shorter chain. */
  referenceNs: times,
})
export type BaseRaw = z.infer<typeof baseRaw>

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
  raw: z.discriminatedUnion('kind', [modelRaw, baseRaw, comparisonRaw]).optional(),
  /** What follows from `raw`: `flagperf verify` computes it again. */
  derived: z.record(z.string(), z.unknown()).optional(),
})
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
