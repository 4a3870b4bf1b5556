import * as Plot from '@observablehq/plot'
import { useMemo, useState } from 'preact/hooks'
import type { Column, SectionOf } from '../../src/contract.ts'
import { Chart, Legend, palette } from '../Chart.tsx'
import { formatNumber, labelOf } from '../format.ts'
import { binned, ecdf, ecdfOfBins, edgesOf, quantile } from '../statistics.ts'
import { DataTable } from '../table/DataTable.tsx'

export function Distribution({ section: { title, axis, series } }: { section: SectionOf<'distribution'> }) {
  const shapes = useMemo(
    () => series.map((it) => ({ ...it, sorted: it.values && Float64Array.from(it.values).sort() })),
    [series],
  )
  const canLog = shapes.every(({ sorted, bins }) => (sorted?.[0] ?? bins?.edges[0] ?? 1) > 0)
  const [log, setLog] = useState(axis.scale === 'log' && canLog)
  const x: Plot.ScaleOptions = {
    label: labelOf(axis),
    type: log ? 'log' : 'linear',
    tickFormat: (value: number) => formatNumber(value, axis.format),
    ...(!log && { nice: true }),
  }
  const bars = useMemo(() => {
    const sampled = shapes.flatMap(({ sorted }) => (sorted?.length ? [sorted] : []))
    const edges = sampled.length > 0 ? edgesOf(sampled, log) : []
    return shapes.flatMap(({ name, sorted, bins = binned(sorted ?? new Float64Array(), edges) }, i) => {
      const total = bins.counts.reduce((a, b) => a + b, 0) || 1
      return bins.counts.map((n, k) => ({
        name,
        color: palette[i % palette.length],
        x1: bins.edges[k],
        x2: bins.edges[k + 1],
        share: n / total,
        n,
      }))
    })
  }, [shapes, log])
  const steps = useMemo(
    () =>
      shapes.flatMap(({ name, sorted, bins }, i) =>
        (sorted ? ecdf(sorted) : bins ? ecdfOfBins(bins) : []).map(([value, share]) => ({
          name,
          color: palette[i % palette.length],
          value,
          share,
        })),
      ),
    [shapes],
  )
  const marks = shapes.flatMap(({ marks = [], sorted, name }, i) =>
    marks.map(({ name: label, value, low, high }) => ({
      label,
      series: name,
      color: palette[i % palette.length],
      value,
      low,
      high,
      share: sorted ? rankOf(sorted, value) / sorted.length : 0.5,
    })),
  )
  const ranged = marks.filter((it) => it.low !== undefined && it.high !== undefined)
  const histogram = useMemo(
    () => () => ({
      height: 240,
      x,
      y: {
        label: 'share of samples',
        tickFormat: (value: number) => formatNumber(value, 'percent'),
        grid: true,
      },
      marks: [
        Plot.rect(bars, {
          x1: 'x1',
          x2: 'x2',
          y1: 0,
          y2: 'share',
          fill: 'color',
          fillOpacity: series.length > 1 ? 0.5 : 0.8,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.ruleX(marks, { x: 'value', stroke: 'color', strokeDasharray: '3,3' }),
        Plot.ruleY([0]),
      ],
    }),
    [bars, x.type],
  )
  const cumulative = useMemo(
    () => () => ({
      height: 240,
      x,
      y: {
        label: 'share of samples up to',
        domain: [0, 1],
        tickFormat: (value: number) => formatNumber(value, 'percent'),
        grid: true,
      },
      marks: [
        Plot.line(steps, { x: 'value', y: 'share', z: 'name', stroke: 'color', curve: 'step-after' }),
        Plot.ruleY(ranged, {
          y: 'share',
          x1: 'low',
          x2: 'high',
          stroke: 'color',
          strokeWidth: 6,
          strokeOpacity: 0.35,
        }),
        Plot.dot(marks, { x: 'value', y: 'share', fill: 'color', r: 3.5, title: 'label', tip: true }),
      ],
    }),
    [steps, x.type],
  )
  return (
    <>
      {canLog && (
        <label class="switch">
          <input type="checkbox" checked={log} onChange={() => setLog(!log)} /> logarithmic
        </label>
      )}
      <Legend names={series.map(({ name }) => name)} />
      <div class="pair">
        <Chart label={`Histogram: ${title}`} options={histogram} />
        <Chart label={`Cumulative distribution: ${title}`} options={cumulative} />
      </div>
      <DataTable
        name={`${title}: summary`}
        columns={summaryColumns(axis)}
        rows={useMemo(() => shapes.map(summaryOf), [shapes])}
      />
      {marks.length > 0 && (
        <DataTable
          name={`${title}: marks`}
          columns={[
            { type: 'text', label: 'series' },
            { type: 'text', label: 'mark' },
            { type: 'number', label: axis.label, unit: axis.unit, format: axis.format },
          ]}
          rows={marks.map(({ series, label, value, low, high }) => [
            series,
            label,
            low === undefined || high === undefined ? value : { value, low, high },
          ])}
        />
      )}
    </>
  )
}

function rankOf(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] <= value) low = middle + 1
    else high = middle
  }
  return low
}

const summaryColumns = ({ unit, format }: SectionOf<'distribution'>['axis']): Column[] => [
  { type: 'text', label: 'series' },
  { type: 'number', label: 'samples', format: 'integer' },
  ...['minimum', 'median', 'mean', 'maximum'].map((label) => ({
    type: 'number' as const,
    label,
    unit,
    format,
  })),
]

function summaryOf({
  name,
  sorted,
  bins,
}: {
  name: string
  sorted?: Float64Array
  bins?: { counts: number[] }
}) {
  if (!sorted) return [name, bins?.counts.reduce((a, b) => a + b, 0) ?? 0, null, null, null, null]
  if (sorted.length === 0) return [name, 0, null, null, null, null]
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length
  return [name, sorted.length, sorted[0], quantile(sorted, 0.5), mean, sorted[sorted.length - 1]]
}
