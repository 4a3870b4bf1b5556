import { useMemo, useState } from 'preact/hooks'
import type { SectionOf } from '../../src/contract.ts'
import { formatNumber } from '../format.ts'

type Section = SectionOf<'leaderboard'>
type Entry = Section['entries'][number]
const facets = ['task', 'language', 'tier'] as const
type Facet = (typeof facets)[number]
type Choice = Readonly<Partial<Record<Facet, string>>>

interface Mean {
  readonly value: number
  readonly low?: number
  readonly high?: number
  readonly chance?: number
  /** How many numbers it is of. */
  readonly of: number
}

/** Models ranked by the mean of what the filters leave. */
export function Leaderboard({ section }: { section: Section }) {
  const { title, axis, better = 'higher', entries, baselines = [] } = section
  const offered = facets.filter((facet) => valuesOf(entries, facet).length > 0)
  const [choice, setChoice] = useState<Choice>({})
  const [across, setAcross] = useState<Facet>('task')
  const shown = useMemo(
    // A baseline that knows no language stands beside every language.
    () =>
      entries.filter((it) =>
        offered.every((facet) => !choice[facet] || (it[facet] ?? choice[facet]) === choice[facet]),
      ),
    [entries, choice],
  )
  const columns = valuesOf(shown, across)
  const { rows, common } = useMemo(() => rank(shown, columns, across, baselines, better), [shown, across])
  const problems = shown.filter(({ value }) => value === null)
  return (
    <div class="leaders">
      <div class="tools">
        {offered.map((facet) => (
          <select
            key={facet}
            aria-label={facet}
            onChange={(event) => setChoice({ ...choice, [facet]: event.currentTarget.value })}
          >
            <option value="">{facet}: all</option>
            {valuesOf(entries, facet).map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        ))}
        <label>
          columns{' '}
          <select aria-label="columns" onChange={(event) => setAcross(event.currentTarget.value as Facet)}>
            {offered.map((facet) => (
              <option key={facet} value={facet}>
                by {facet}
              </option>
            ))}
          </select>
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
      <section class="scroll" aria-label={`Rows of ${title}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">model</th>
              <th scope="col" class="number" aria-sort={better === 'higher' ? 'descending' : 'ascending'}>
                mean
              </th>
              {columns.map((column) => (
                <th key={column} scope="col" class="number" dir="auto">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ model, place, mean, cells }) => (
              <tr key={model} class={place === undefined ? 'baseline' : ''}>
                <td>{place ?? ''}</td>
                <th scope="row" dir="auto">
                  {model}
                </th>
                {[mean, ...cells].map((cell, i) => (
                  <td key={i} class="number">
                    {cell && <Score mean={cell} axis={axis} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="quiet">
        Means are of the {common} numbers that every model has; the interval of a mean is the mean of the
        bounds, which is wide enough whatever depends on what. The tick is chance.{' '}
        {better === 'higher' ? 'Higher' : 'Lower'} is better.
      </p>
      {problems.length > 0 && (
        <ul class="problems">
          {problems.map(({ model, task, language, problem }, i) => (
            <li key={i} dir="auto">
              {[model, task, language].filter(Boolean).join(' · ')}: {problem ?? 'not measured'}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Score({ mean: { value, low, high, chance, of }, axis }: { mean: Mean; axis: Section['axis'] }) {
  const text = (x: number) => formatNumber(x, axis.format)
  const isShare = axis.format === 'percent'
  const at = (x: number) => `${(100 * Math.min(1, Math.max(0, x))).toFixed(2)}%`
  return (
    <div class="score" title={of > 1 ? `mean of ${of} numbers` : undefined}>
      <span>{text(value)}</span>
      {low !== undefined && high !== undefined && (
        <span class="interval">
          [{text(low)}, {text(high)}]
        </span>
      )}
      {isShare && (
        <span class="gauge" aria-hidden="true">
          {low !== undefined && high !== undefined && (
            <span class="range" style={{ left: at(low), width: `calc(${at(high)} - ${at(low)})` }} />
          )}
          <span class="value" style={{ left: at(value) }} />
          {chance !== undefined && <span class="chance" style={{ left: at(chance) }} />}
        </span>
      )}
    </div>
  )
}

const valuesOf = (entries: readonly Entry[], facet: Facet) => [
  ...new Set(entries.map((it) => it[facet]).filter((value) => value !== undefined)),
]

function rank(
  entries: readonly Entry[],
  columns: readonly string[],
  across: Facet,
  baselines: readonly string[],
  better: 'lower' | 'higher',
) {
  const measured = entries.filter((it) => it.value !== null)
  const models = [...new Set(entries.map(({ model }) => model))]
  const keyOf = ({ task, language = '' }: Entry) => `${task}\n${language}`
  const ranked = models.filter((model) => !baselines.includes(model))
  const own = new Map(models.map((model) => [model, measured.filter((it) => it.model === model)]))
  const keys = ranked.map((model) => new Set(own.get(model)?.map(keyOf)))
  const common = (it: Entry) => keys.every((set) => set.has(keyOf(it)))
  // A baseline that lacks a task would be ranked by easier or harder ones.
  const tasks = new Set(
    measured
      .filter(({ model }) => ranked.includes(model))
      .filter(common)
      .map(({ task }) => task),
  )
  const covers = (mine: readonly Entry[]) => [...tasks].every((task) => mine.some((it) => it.task === task))
  const rows = models.map((model) => {
    const mine = own.get(model) ?? []
    const isRanked = ranked.includes(model)
    return {
      model,
      mean: isRanked ? meanOf(mine.filter(common)) : covers(mine) ? meanOf(mine) : undefined,
      cells: columns.map((column) => meanOf(mine.filter((it) => (it[across] ?? column) === column))),
    }
  })
  const sign = better === 'higher' ? -1 : 1
  const worst = Number.POSITIVE_INFINITY
  const byMean = (a: (typeof rows)[number], b: (typeof rows)[number]) =>
    (a.mean ? sign * a.mean.value : worst) - (b.mean ? sign * b.mean.value : worst)
  const leaders = rows.filter(({ model }) => ranked.includes(model)).sort(byMean)
  const others = rows.filter(({ model }) => !ranked.includes(model)).sort(byMean)
  return {
    rows: [
      ...leaders.map((row, i) => ({ ...row, place: row.mean ? i + 1 : undefined })),
      ...others.map((row) => ({ ...row, place: undefined })),
    ],
    common: leaders[0]?.mean?.of ?? 0,
  }
}

function meanOf(entries: readonly Entry[]): Mean | undefined {
  if (entries.length === 0) return undefined
  const mean = (pick: (entry: Entry) => number | null | undefined) => {
    const values = entries.map(pick).filter((value) => typeof value === 'number')
    return values.length === entries.length ? values.reduce((a, b) => a + b, 0) / values.length : undefined
  }
  const value = mean((it) => it.value)
  if (value === undefined) return undefined
  return {
    value,
    low: mean((it) => it.low),
    high: mean((it) => it.high),
    chance: mean((it) => it.chance),
    of: entries.length,
  }
}
