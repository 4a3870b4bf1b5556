import type { Fact, Report, Section, SectionOf } from '@flag/report'
import type { System } from '../run/columns.ts'
import { isShare, metricOf } from '../score/metrics.ts'
import type { Score } from '../score/score.ts'
import { comparisons } from './comparisons.ts'
import { type OpenedRun, taskOf } from './openedRun.ts'
import { sampleSections } from './samples.ts'

const BASELINE = 'raw pixels'
const ALL_LANGUAGES = '*'

/** The primary score of a column, with what the board sorts it by. */
interface Entry {
  readonly model: string
  readonly task: string
  readonly tier: string
  /** Undefined for what knows no language. */
  readonly language?: string
  readonly metric: string
  readonly better: 'higher' | 'lower'
  readonly score?: Score
  readonly problem?: string
}

export interface BoardOptions {
  /** Samples of each task and language that are shown. Default: 24. */
  readonly samples?: number
}

/** Runs as a report for the page of `@flag/report`: a pure function of their samples, but for the pictures shown. */
export async function boardPage(
  runs: readonly OpenedRun[],
  { samples = 24 }: BoardOptions = {},
): Promise<Report> {
  const entries = entriesOf(runs)
  const inspected = await sampleSections(runs, samples)
  const compared = comparisons(runs)
  const models = runs.map(({ name }) => name)
  return {
    title: models.length === 1 ? `Evaluation of ${models[0]}` : 'Leaderboard',
    description:
      'One record for every sample; all numbers follow from the records. Intervals are of 95 %: by Wilson where samples ' +
      'are independent, else by resampling clusters.',
    tool: `flageval ${runs[0].run.flageval}`,
    environment: factsOf(runs),
    warnings: [...warningsOf(entries), ...oddData(runs), ...compared.warnings, ...inspected.warnings],
    sections: [
      ...leaderboards(entries),
      ...compared.sections,
      ...radars(entries),
      ...scatters(runs, entries),
      ...inspected.sections,
      scoreTable(runs),
    ],
  }
}

/** A model on perturbed questions stands beside itself. */
const subjectOf = ({ name }: OpenedRun, system: System) =>
  system === 'raw pixels' ? BASELINE : system === 'model' ? name : `${name}, ${system}`

function entriesOf(runs: readonly OpenedRun[]): Entry[] {
  const seen = new Set<string>()
  return runs.flatMap((it) =>
    it.results.flatMap(({ task: id, system, language, scores, error }): Entry[] => {
      const task = taskOf(it, id)
      if (task === undefined) return []
      const isBaseline = system === 'raw pixels'
      // The baseline is the same in every run: it looks at pictures alone.
      const key = `${id} ${language}`
      if (isBaseline && (seen.has(key) || error !== undefined)) return []
      if (isBaseline) seen.add(key)
      return [
        {
          model: subjectOf(it, system),
          task: id,
          tier: task.tier,
          ...(language !== ALL_LANGUAGES && { language }),
          metric: task.primary,
          better: metricOf(task.primary, task.kind).higherIsBetter ? 'higher' : 'lower',
          ...(scores && { score: scores.find(({ metric }) => metric === task.primary) }),
          ...(error && { problem: error.message }),
        },
      ]
    }),
  )
}

/** One leaderboard for shares, and one for each metric that is none: their means would say nothing. */
function leaderboards(entries: readonly Entry[]): Section[] {
  const scaleOf = ({ metric, better }: Entry) => (isShare(metric) ? `share ${better}` : metric)
  const scales = [...new Set(entries.map(scaleOf))]
  return scales.map((scale): Section => {
    const own = entries.filter((it) => scaleOf(it) === scale)
    const [{ metric, better }] = own
    const metrics = new Map(own.map((it) => [it.task, it.metric]))
    return {
      kind: 'leaderboard',
      title: scales.length === 1 ? 'Leaderboard' : `Leaderboard: ${isShare(metric) ? 'shares' : metric}`,
      description: `The primary metric of each task: ${[...metrics].map(([task, name]) => `${task} ${name}`).join(', ')}.`,
      axis: { label: isShare(metric) ? 'score' : metric, ...(isShare(metric) && { format: 'percent' }) },
      better,
      baselines: [BASELINE],
      entries: own.map(({ model, task, tier, language, score, problem }) => ({
        model,
        task,
        tier,
        ...(language !== undefined && { language }),
        value: score?.value ?? null,
        ...(score && { low: score.low, high: score.high }),
        ...(score && score.chance !== null && { chance: score.chance }),
        ...(problem !== undefined && { problem }),
      })),
    }
  })
}

/** How far the languages of a task lie apart. */
function radars(entries: readonly Entry[]): Section[] {
  const tasks = [...new Set(entries.map(({ task }) => task))]
  return tasks.flatMap((task): Section[] => {
    const own = entries.filter((it) => it.task === task && it.language !== undefined && isShare(it.metric))
    const corners = [...new Set(own.map(({ language }) => language as string))]
    if (corners.length < 3) return []
    const models = [...new Set(own.map(({ model }) => model))]
    const valueAt = (model: string, corner: string) =>
      own.find((it) => it.model === model && it.language === corner)?.score?.value ?? null
    const highest = Math.max(...own.map(({ score }) => score?.value ?? 0))
    return [
      {
        kind: 'radar',
        group: 'Languages beside each other',
        title: `${task}: ${own[0].metric}`,
        corners,
        axis: { label: own[0].metric, format: 'percent' },
        rim: Math.min(1, Math.max(0.25, Math.ceil(4 * highest) / 4)),
        series: models.map((name) => ({ name, values: corners.map((corner) => valueAt(name, corner)) })),
      },
    ]
  })
}

/** Every column of one model against the same of another; of one model alone, every language against English. */
function scatters(runs: readonly OpenedRun[], entries: readonly Entry[]): Section[] {
  const scored = entries.filter(({ metric, score }) => score !== undefined && isShare(metric))
  const pairOf = (x: Entry, y: Entry): SectionOf<'scatter'>['points'][number] => ({
    name: [y.task, y.language].filter(Boolean).join(' '),
    group: y.task,
    x: (x.score as Score).value,
    y: (y.score as Score).value,
    xInterval: [(x.score as Score).low, (x.score as Score).high],
    yInterval: [(y.score as Score).low, (y.score as Score).high],
  })
  const section = (title: string, x: string, y: string, points: SectionOf<'scatter'>['points']): Section[] =>
    points.length === 0
      ? []
      : [
          {
            kind: 'scatter',
            group: 'Scores against scores',
            title,
            description: 'On the dashed line both are equal. Lines are intervals.',
            x: { label: x, format: 'percent' },
            y: { label: y, format: 'percent' },
            points,
            diagonal: true,
            labels: false,
          },
        ]
  const of = (model: string) => scored.filter((it) => it.model === model)
  const [first, ...others] = runs.map(({ name }) => name)
  if (others.length === 0) {
    const own = of(first)
    const english = new Map(own.filter(({ language }) => language === 'en').map((it) => [it.task, it]))
    const points = own.flatMap((it) => {
      const base = english.get(it.task)
      return base && it.language !== 'en' && it.language !== undefined ? [pairOf(base, it)] : []
    })
    return section('Other languages against English', 'English', 'the other language', points)
  }
  return others.flatMap((other) => {
    const points = of(other).flatMap((it) => {
      const base = of(first).find(({ task, language }) => task === it.task && language === it.language)
      return base ? [pairOf(base, it)] : []
    })
    return section(`${other} against ${first}`, first, other, points)
  })
}

function scoreTable(runs: readonly OpenedRun[]): Section {
  const rows = runs.flatMap((it) =>
    it.results.flatMap(({ task, version, system, language, scores = [] }) =>
      scores.map(({ metric, value, low, high, chance, samples, units, interval }) => {
        const percent = isShare(metric) ? 100 : 1
        return [
          subjectOf(it, system),
          `${task} v${version}`,
          taskOf(it, task)?.tier ?? '',
          language,
          metric,
          { value: percent * value, low: percent * low, high: percent * high },
          chance === null ? null : percent * chance,
          samples,
          units,
          interval,
        ]
      }),
    ),
  )
  return {
    kind: 'table',
    title: 'All scores',
    description: 'Shares in percent. Units: independent samples or clusters.',
    columns: [
      { type: 'text', label: 'model' },
      { type: 'text', label: 'task' },
      { type: 'text', label: 'tier' },
      { type: 'text', label: 'language' },
      { type: 'text', label: 'metric' },
      { type: 'number', label: 'score' },
      { type: 'number', label: 'chance' },
      { type: 'number', label: 'samples', format: 'integer' },
      { type: 'number', label: 'units', format: 'integer' },
      { type: 'text', label: 'interval' },
    ],
    rows,
  }
}

function factsOf(runs: readonly OpenedRun[]): Fact[] {
  const models = runs.map(({ name, run }) => ({
    label: name,
    value: `fingerprint ${run.model.fingerprint.slice(0, 24)}`,
  }))
  const data = [...new Set(runs.flatMap(({ run }) => run.data))]
  const environments = [...new Set(runs.map(({ run }) => Object.values(run.environment).join(', ')))]
  return [
    ...models,
    { label: 'data', value: data.join(', ') },
    { label: 'environment', value: environments.join('; ') },
  ]
}

/** What the runs say of the data: templates that are repeated, texts in another script. Equal words once, with their languages. */
function oddData(runs: readonly OpenedRun[]): string[] {
  const found = new Map<string, Set<string>>()
  for (const { logs } of runs)
    for (const log of logs)
      for (const text of 'records' in log ? (log.warnings ?? []) : []) {
        const key = `${log.column.task}: ${text}`
        found.set(key, (found.get(key) ?? new Set()).add(log.column.language))
      }
  return [...found].map(([text, languages]) => `${text} (${[...languages].join(', ')})`)
}

/** Fewer samples than this tell little. */
const FEW = 100

function warningsOf(entries: readonly Entry[]): string[] {
  const few = [...new Set(entries.filter(({ score }) => score && score.units < FEW).map(({ task }) => task))]
  const nearChance = [...new Set(entries.map(({ task }) => task))].filter((task) => {
    const own = entries.filter(
      (it) => it.task === task && it.model !== BASELINE && it.score && it.score.chance !== null,
    )
    return own.length > 0 && own.every(({ score }) => score && score.low <= (score.chance as number))
  })
  return [
    ...(few.length > 0
      ? [`Fewer than ${FEW} independent units: ${few.join(', ')}. Small differences there mean nothing.`]
      : []),
    ...nearChance.map(
      (task) =>
        `${task}: no model does better than chance in any language; the task or its data may be at fault.`,
    ),
    ...entries
      .filter(({ problem }) => problem)
      .map(
        ({ model, task, language, problem }) =>
          `${[model, task, language].filter(Boolean).join(' ')} was not scored: ${problem}`,
      ),
  ]
}
