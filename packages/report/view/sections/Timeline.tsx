import * as Plot from '@observablehq/plot'
import { useMemo } from 'preact/hooks'
import type { SectionOf } from '../../src/contract.ts'
import { Chart, Legend, Numbers, palette, toneColour } from '../Chart.tsx'
import { formatNumber, labelOf } from '../format.ts'
import { thinned } from '../statistics.ts'

type Series = SectionOf<'timeline'>['series'][number]

export function Timeline({
  section: { title, axis, series, events = [] },
}: {
  section: SectionOf<'timeline'>
}) {
  const panels = useMemo(() => {
    const byUnit = new Map<string, Series[]>()
    for (const it of series) byUnit.set(labelOf(it), [...(byUnit.get(labelOf(it)) ?? []), it])
    return [...byUnit]
  }, [series])
  const ends = useMemo(() => extent(series, events), [series, events])
  return (
    <>
      {panels.map(([label, members]) => (
        <Panel key={label} {...{ title, label, members, axis, events, ends }} />
      ))}
      {events.length > 0 && (
        <ul class="events">
          {events.map(({ name, start, end, tone = 'neutral' }, i) => (
            <li key={i} class={tone} dir="auto">
              {formatNumber(start)}
              {end !== undefined && `–${formatNumber(end)}`} {axis.unit}: {name}
            </li>
          ))}
        </ul>
      )}
      <Numbers
        name={title}
        columns={[
          { type: 'text', label: 'series' },
          { type: 'number', label: axis.label, unit: axis.unit },
          { type: 'number', label: 'value' },
        ]}
        rows={useMemo(
          () => series.flatMap(({ name, points }) => points.map(([x, y]) => [name, x, y])),
          [series],
        )}
      />
    </>
  )
}

interface PanelProps extends Pick<SectionOf<'timeline'>, 'title' | 'axis'> {
  readonly label: string
  readonly members: readonly Series[]
  readonly events: NonNullable<SectionOf<'timeline'>['events']>
  readonly ends: [number, number]
}

function Panel({ title, label, members, axis, events, ends }: PanelProps) {
  const options = useMemo(
    () => () => {
      const marks = members.flatMap(({ name, points, style = 'line' }, i): Plot.Markish[] => {
        const shown = thinned(points).map(([x, y]) => ({ x, y, name }))
        const color = palette[i % palette.length]
        if (style === 'dots')
          return [Plot.dot(shown, { x: 'x', y: 'y', fill: color, r: 1.8, fillOpacity: 0.6 })]
        const curve = style === 'step' ? 'step-after' : 'linear'
        return [Plot.line(shown, { x: 'x', y: 'y', stroke: color, strokeWidth: 1.4, curve })]
      })
      const spans = events.filter(({ end }) => end !== undefined)
      const moments = events.filter(({ end }) => end === undefined)
      const tone = (it: (typeof events)[number]) => toneColour[it.tone ?? 'neutral']
      return {
        height: 180,
        x: { label: labelOf(axis), domain: ends },
        y: {
          label,
          grid: true,
          nice: true,
          zero: true,
          tickFormat: (value: number) => formatNumber(value, members[0].format),
        },
        marks: [
          Plot.rect(spans, {
            x1: 'start',
            x2: 'end',
            fill: tone,
            fillOpacity: 0.12,
            title: 'name',
            tip: true,
          }),
          Plot.ruleX(moments, { x: 'start', stroke: tone, strokeDasharray: '3,3', title: 'name', tip: true }),
          ...marks,
        ],
      }
    },
    [members, events, ends],
  )
  return (
    <>
      <Legend names={members.map(({ name }) => name)} />
      <Chart
        label={`${title}: ${members.map(({ name }) => name).join(', ')} over ${axis.label}`}
        options={options}
      />
    </>
  )
}

function extent(series: readonly Series[], events: PanelProps['events']): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const see = (x: number) => {
    if (x < low) low = x
    if (x > high) high = x
  }
  for (const { points } of series) for (const [x] of points) see(x)
  for (const { start, end = start } of events) {
    see(start)
    see(end)
  }
  return low <= high ? [low, high] : [0, 1]
}
