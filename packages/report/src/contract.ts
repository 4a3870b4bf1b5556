import { z } from 'zod'

/** A number as JSON holds it: zod refuses NaN and the infinities. What is not known is `null`, never NaN. */
const number = z.number()
const count = z.int().nonnegative()
const text = z.string()
const texts = z.array(text)
const named = { name: text }

/** How something turned out; it chooses the colour and the sign in front of a label. */
const tone = z.enum(['good', 'bad', 'warning', 'neutral'])
export type Tone = z.infer<typeof tone>

/** A number with the bounds of its interval, of the same unit. */
const estimate = z.strictObject({ value: number, low: number, high: number })
export type Estimate = z.infer<typeof estimate>

/** What every section has. */
const head = {
  title: text,
  /** One or two sentences: what is shown, how it was measured, what the interval is. */
  description: text.optional(),
  /** Sections of one group are shown together under one entry of the navigation. */
  group: text.optional(),
}

/** A label and what it stands for: a fact of the environment, of a sample. */
const fact = z.strictObject({ label: text, value: z.union([text, number, z.null()]) })
export type Fact = z.infer<typeof fact>

/** How an axis or a column shows its numbers. */
const quantity = {
  label: text,
  unit: text.optional(),
  /** `percent`: shares of 1 are shown as percentages. `bytes`: with binary prefixes. Default: four digits. */
  format: z.enum(['number', 'integer', 'percent', 'bytes']).optional(),
}
const axis = z.strictObject({ ...quantity, scale: z.enum(['linear', 'log']).optional() })
export type Axis = z.infer<typeof axis>

const notes = z.strictObject({
  kind: z.literal('notes'),
  ...head,
  items: z.array(z.strictObject({ tone, text, title: text.optional() })),
})

const column = z.strictObject({
  ...quantity,
  /** `bar`: numbers with a bar beside them. `code`: names of files, nodes, identifiers. */
  type: z.enum(['text', 'code', 'number', 'bar', 'boolean']),
  /** What the column holds, shown on its head. */
  description: text.optional(),
})
export type Column = z.infer<typeof column>

const cell = z.union([text, number, z.boolean(), z.null(), estimate])
export type Cell = z.infer<typeof cell>

const table = z
  .strictObject({
    kind: z.literal('table'),
    ...head,
    columns: z.array(column).min(1),
    /** A cell for every column; a million cells are no problem. */
    rows: z.array(z.array(cell)),
    /** Place of the column that the table is sorted by at first. */
    sort: z.strictObject({ column: count, descending: z.boolean() }).optional(),
  })
  .refine(({ columns, rows }) => rows.every((row) => row.length === columns.length), {
    message: 'a row has another number of cells than there are columns',
  })

/** A marked place of a distribution: a percentile with its interval, a limit. */
const mark = z.strictObject({ ...named, value: number, low: number.optional(), high: number.optional() })

const distribution = z
  .strictObject({
    kind: z.literal('distribution'),
    ...head,
    axis,
    series: z
      .array(
        z.strictObject({
          ...named,
          /** Raw samples; the page makes histogram and ECDF of them. */
          values: z.array(number).optional(),
          /** Or counts between edges, one edge more than counts, where there are too many samples to keep. */
          bins: z.strictObject({ edges: z.array(number).min(2), counts: z.array(number) }).optional(),
          marks: z.array(mark).optional(),
        }),
      )
      .min(1),
  })
  .refine(({ series }) => series.every((it) => (it.values === undefined) !== (it.bins === undefined)), {
    message: 'every series has either values or bins',
  })
  .refine(({ series }) => series.every(({ bins }) => !bins || bins.edges.length === bins.counts.length + 1), {
    message: 'bins have one edge more than counts',
  })

const funnel = z.strictObject({
  kind: z.literal('funnel'),
  ...head,
  /** What goes in: documents, samples, bytes. */
  unit: text,
  input: number,
  /** In the order they run. `removed` says why; what is left goes on to the next stage. */
  stages: z.array(
    z.strictObject({
      ...named,
      output: number,
      removed: z.array(z.strictObject({ reason: text, count: number })),
      /** How many went on changed. */
      changed: number.optional(),
    }),
  ),
})

const point = z.tuple([number, number])

const timeline = z.strictObject({
  kind: z.literal('timeline'),
  ...head,
  /** Time since the start, mostly in seconds. */
  axis,
  /** Series of one unit share a panel; panels lie under each other over the same time. */
  series: z
    .array(
      z.strictObject({
        ...named,
        ...quantity,
        style: z.enum(['line', 'dots', 'step']).optional(),
        points: z.array(point),
      }),
    )
    .min(1),
  /** Something that happened, or lasted until `end`. */
  events: z
    .array(z.strictObject({ ...named, start: number, end: number.optional(), tone: tone.optional() }))
    .optional(),
})

const roofline = z.strictObject({
  kind: z.literal('roofline'),
  ...head,
  /** Measured ceilings, the highest first: 10^9 operations a second and 10^9 bytes a second. */
  compute: z.array(z.strictObject({ ...named, value: number.positive() })).min(1),
  bandwidth: z.array(z.strictObject({ ...named, value: number.positive() })).min(1),
  points: z.array(
    z.strictObject({
      ...named,
      /** Operations for every byte. */
      intensity: number.positive(),
      /** 10^9 operations a second. */
      performance: number.positive(),
      /** Share of the time: the area of the point. */
      share: number.min(0).max(1).optional(),
      group: text.optional(),
    }),
  ),
})

const comparison = z.strictObject({
  kind: z.literal('comparison'),
  ...head,
  axis,
  /** The value of no difference: 0 for differences, 1 for ratios. Left out, the estimates stand for themselves. */
  reference: number.optional(),
  /** Effects inside this band cannot be told from noise. */
  noise: z.strictObject({ low: number, high: number }).optional(),
  /** Which side of the reference is good. */
  better: z.enum(['lower', 'higher']).optional(),
  estimates: z.array(
    z.strictObject({
      ...named,
      value: number,
      low: number,
      high: number,
      group: text.optional(),
      /** What follows, in words. */
      verdict: z.strictObject({ tone, label: text }).optional(),
      /** More columns of the table beside the chart: both values, p, number of pairs. */
      facts: z.array(fact).optional(),
    }),
  ),
})

const scatter = z.strictObject({
  kind: z.literal('scatter'),
  ...head,
  x: axis,
  y: axis,
  points: z.array(
    z.strictObject({
      ...named,
      x: number,
      y: number,
      xInterval: point.optional(),
      yInterval: point.optional(),
      group: text.optional(),
    }),
  ),
  /** A line through points, in order: a Pareto front. */
  front: z.array(point).optional(),
  /** Draws where x equals y. */
  diagonal: z.boolean().optional(),
  /** Writes the names beside the points. Default: where there are at most 24. */
  labels: z.boolean().optional(),
})

const radar = z
  .strictObject({
    kind: z.literal('radar'),
    ...head,
    /** The corners, three or more. */
    corners: texts.min(3),
    axis,
    /** The value of the rim. Default: the largest one. */
    rim: number.positive().optional(),
    series: z.array(z.strictObject({ ...named, values: z.array(number.nullable()) })),
  })
  .refine(({ corners, series }) => series.every(({ values }) => values.length === corners.length), {
    message: 'a series has another number of values than there are corners',
  })

const span = z.strictObject({ kind: z.enum(['kept', 'removed', 'added']), text })
export type Span = z.infer<typeof span>

const sample = z.strictObject({
  id: text,
  /** One line for the list. Default: the id. */
  title: text.optional(),
  outcome: z.strictObject({ tone, label: text }),
  /** What went wrong, in a sentence. */
  problem: text.optional(),
  /** Values to filter by; the keys are the same for all samples. */
  facets: z.record(text, text).optional(),
  pictures: z.array(z.strictObject({ picture: text, caption: text.optional() })).optional(),
  texts: z
    .array(
      z.strictObject({ label: text, text, tone: tone.optional(), /** BCP 47. */ language: text.optional() }),
    )
    .optional(),
  /** Candidates with their scores, best first. */
  scores: z
    .array(
      z.strictObject({
        label: text,
        value: number,
        tone: tone.optional(),
        picture: text.optional(),
      }),
    )
    .optional(),
  /** A text before and after: what was kept, taken out and put in, in order. */
  diffs: z.array(z.strictObject({ label: text, spans: z.array(span) })).optional(),
  facts: z.array(fact).optional(),
})
export type Sample = z.infer<typeof sample>

const samples = z
  .strictObject({
    kind: z.literal('samples'),
    ...head,
    /** Pictures by name, so that each is there once: data URIs of PNG, JPEG, WebP, AVIF or GIF. */
    pictures: z.record(text, text.regex(/^data:image\/(png|jpeg|webp|avif|gif);base64,/)).optional(),
    samples: z.array(sample),
    /** How many there are in all, if these are a choice of them. */
    total: count.optional(),
  })
  .superRefine(({ pictures = {}, samples }, context) => {
    for (const { id, pictures: shown = [], scores = [] } of samples)
      for (const { picture } of [...shown, ...scores])
        if (picture !== undefined && !Object.hasOwn(pictures, picture))
          context.addIssue({
            code: 'custom',
            message: `sample ${JSON.stringify(id)} shows a picture ${JSON.stringify(picture)} that is not in pictures`,
          })
  })

const leaderboard = z.strictObject({
  kind: z.literal('leaderboard'),
  ...head,
  axis,
  /** Default: higher. */
  better: z.enum(['lower', 'higher']).optional(),
  /** One measured number each. The page filters by task, language and tier, and shows means of what is left. */
  entries: z.array(
    z.strictObject({
      model: text,
      task: text,
      language: text.optional(),
      tier: text.optional(),
      /** `null`: not measured; `problem` says why. */
      value: number.nullable(),
      low: number.optional(),
      high: number.optional(),
      /** What guessing gives. */
      chance: number.optional(),
      problem: text.optional(),
    }),
  ),
  /** Models that are there to be beaten, not to be ranked. */
  baselines: texts.optional(),
})

/** One part of a report, by its `kind`. */
export const sectionSchema = z.discriminatedUnion('kind', [
  notes,
  table,
  distribution,
  funnel,
  timeline,
  roofline,
  comparison,
  scatter,
  radar,
  samples,
  leaderboard,
])
export type Section = z.infer<typeof sectionSchema>
export type SectionKind = Section['kind']
export type SectionOf<K extends SectionKind> = Extract<Section, { kind: K }>

/** Everything that the page shows. It knows nothing else, and no package that makes one. */
export const reportSchema = z.strictObject({
  title: text,
  description: text.optional(),
  /** Who made it: `flagperf 0.1.0`. */
  tool: text.optional(),
  /** ISO 8601. */
  createdAt: text.optional(),
  /** Where it was measured, and with what. */
  environment: z.array(fact).optional(),
  /** What a reader has to know before believing a number; shown on top. */
  warnings: texts.optional(),
  sections: z.array(sectionSchema),
})
export type Report = z.infer<typeof reportSchema>
