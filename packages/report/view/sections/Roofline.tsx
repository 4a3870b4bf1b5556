import * as Plot from '@observablehq/plot'
import { useMemo } from 'preact/hooks'
import type { SectionOf } from '../../src/contract.ts'
import { Chart, Legend, palette } from '../Chart.tsx'
import { formatNumber } from '../format.ts'
import { DataTable } from '../table/DataTable.tsx'

/** Williams, Waterman and Patterson (2009): what can be reached is the lower of computing and of moving bytes. */
export function Roofline({
  section: { title, compute, bandwidth, points },
}: {
  section: SectionOf<'roofline'>
}) {
  const [peak, widest] = [compute, bandwidth].map((ceilings) =>
    Math.max(...ceilings.map(({ value }) => value)),
  )
  const groups = useMemo(() => [...new Set(points.map(({ group }) => group ?? ''))], [points])
  const options = useMemo(
    () => () => {
      const ridge = peak / widest
      const intensities = [...points.map(({ intensity }) => intensity), ridge / 16, ridge * 16]
      const [left, right] = [Math.min(...intensities) / 1.5, Math.max(...intensities) * 1.5]
      const bottom = Math.min(...points.map(({ performance }) => performance), left * widest) / 2
      const slopes = bandwidth.flatMap(({ name, value }) => [
        { name, x: left, y: value * left },
        { name, x: peak / value, y: peak },
      ])
      const flats = compute.flatMap(({ name, value }) => [
        { name, x: value / widest, y: value },
        { name, x: right, y: value },
      ])
      const colour = ({ group = '' }: (typeof points)[number]) =>
        palette[groups.indexOf(group) % palette.length]
      const label = ({ name, intensity, performance }: (typeof points)[number]) =>
        `${name}\n${formatNumber(intensity)} FLOP/byte, ${formatNumber(performance)} GFLOP/s\n${formatNumber(performance / roofAt(intensity), 'percent')} of the roof`
      const roofAt = (intensity: number) => Math.min(peak, widest * intensity)
      return {
        height: 400,
        x: {
          type: 'log' as const,
          label: 'FLOP per byte',
          domain: [left, right],
          tickFormat: formatTick,
          ticks: 8,
        },
        y: {
          type: 'log' as const,
          label: 'GFLOP/s',
          domain: [bottom, peak * 2],
          grid: true,
          tickFormat: formatTick,
          ticks: 6,
        },
        r: { range: [3, 14], domain: [0, 1] },
        marks: [
          Plot.line([...slopes], {
            x: 'x',
            y: 'y',
            z: 'name',
            stroke: 'currentColor',
            strokeOpacity: 0.6,
            clip: true,
          }),
          Plot.line(flats, { x: 'x', y: 'y', z: 'name', stroke: 'currentColor', strokeOpacity: 0.6 }),
          Plot.dot(points, {
            x: 'intensity',
            y: 'performance',
            r: ({ share = 0.02 }: (typeof points)[number]) => share,
            fill: colour,
            fillOpacity: 0.65,
            stroke: colour,
            title: label,
            tip: true,
          }),
          Plot.text(
            flats.filter((_, i) => i % 2 === 1),
            {
              x: 'x',
              y: 'y',
              text: 'name',
              textAnchor: 'end',
              dy: -7,
              fill: 'currentColor',
              stroke: 'var(--paper)',
              strokeWidth: 4,
            },
          ),
          Plot.text(bandwidth, {
            x: ({ value }) => Math.sqrt(left * (peak / value)),
            y: ({ value }) => value * Math.sqrt(left * (peak / value)),
            text: 'name',
            textAnchor: 'end',
            dx: -6,
            dy: -6,
            fill: 'currentColor',
            stroke: 'var(--paper)',
            strokeWidth: 4,
          }),
        ],
      }
    },
    [points, compute, bandwidth],
  )
  const rows = useMemo(
    () =>
      points.map(({ name, group = '', intensity, performance, share = null }) => [
        name,
        group,
        intensity,
        performance,
        performance / Math.min(peak, widest * intensity),
        intensity < peak / widest ? 'bandwidth' : 'computing',
        share,
      ]),
    [points],
  )
  return (
    <>
      <Legend names={groups} />
      <Chart label={`Roofline: ${title}`} options={options} />
      <DataTable
        name={title}
        columns={[
          { type: 'code', label: 'name' },
          { type: 'text', label: 'group' },
          { type: 'number', label: 'FLOP per byte' },
          { type: 'number', label: 'GFLOP/s' },
          { type: 'bar', label: 'of the roof', format: 'percent' },
          { type: 'text', label: 'limited by' },
          { type: 'number', label: 'of the time', format: 'percent' },
        ]}
        rows={rows}
        order={{ column: 6, descending: true }}
      />
    </>
  )
}

const formatTick = (value: number) => (Math.log10(value) % 1 === 0 ? formatNumber(value) : '')
