import * as Plot from '@observablehq/plot'
import { useMemo } from 'preact/hooks'
import type { Axis, SectionOf } from '../../src/contract.ts'
import { Chart, Legend, Numbers, palette } from '../Chart.tsx'
import { formatNumber, labelOf } from '../format.ts'

/** Names are written beside the points up to this many. */
const LABELLED = 24

export function Scatter({ section }: { section: SectionOf<'scatter'> }) {
  const { title, x, y, points, front, diagonal } = section
  const groups = useMemo(() => [...new Set(points.map(({ group }) => group ?? ''))], [points])
  const options = useMemo(
    () => (width: number) => {
      const colour = ({ group = '' }: (typeof points)[number]) =>
        palette[groups.indexOf(group) % palette.length]
      const ends = [
        Math.min(...points.flatMap((it) => [it.x, it.y])),
        Math.max(...points.flatMap((it) => [it.x, it.y])),
      ]
      const hasLabels = section.labels ?? points.length <= LABELLED
      return {
        height: Math.min(460, Math.max(280, width * 0.6)),
        inset: 14,
        x: scaleOf(x),
        y: { ...scaleOf(y), grid: true },
        marks: [
          ...(diagonal
            ? [
                Plot.line(
                  [
                    [ends[0], ends[0]],
                    [ends[1], ends[1]],
                  ],
                  { strokeDasharray: '4,3', strokeOpacity: 0.5 },
                ),
              ]
            : []),
          ...(front ? [Plot.line(front, { strokeOpacity: 0.5, curve: 'step-after' })] : []),
          Plot.ruleY(
            points.filter(({ xInterval }) => xInterval),
            {
              y: 'y',
              x1: (it) => it.xInterval[0],
              x2: (it) => it.xInterval[1],
              stroke: colour,
              strokeOpacity: 0.5,
            },
          ),
          Plot.ruleX(
            points.filter(({ yInterval }) => yInterval),
            {
              x: 'x',
              y1: (it) => it.yInterval[0],
              y2: (it) => it.yInterval[1],
              stroke: colour,
              strokeOpacity: 0.5,
            },
          ),
          Plot.dot(points, {
            x: 'x',
            y: 'y',
            r: 4.5,
            fill: colour,
            title: (it) =>
              `${it.name}\n${x.label}: ${formatNumber(it.x, x.format)}\n${y.label}: ${formatNumber(it.y, y.format)}`,
            tip: true,
          }),
          ...(hasLabels
            ? [Plot.text(points, { x: 'x', y: 'y', text: 'name', dy: -12, fill: 'currentColor' })]
            : []),
        ],
      }
    },
    [section],
  )
  return (
    <>
      <Legend names={groups} />
      <Chart label={`${y.label} against ${x.label}: ${title}`} options={options} />
      <Numbers
        name={title}
        columns={[
          { type: 'text', label: 'name' },
          { type: 'text', label: 'group' },
          { type: 'number', label: x.label, unit: x.unit, format: x.format },
          { type: 'number', label: y.label, unit: y.unit, format: y.format },
        ]}
        rows={points.map((it) => [
          it.name,
          it.group ?? '',
          it.xInterval ? { value: it.x, low: it.xInterval[0], high: it.xInterval[1] } : it.x,
          it.yInterval ? { value: it.y, low: it.yInterval[0], high: it.yInterval[1] } : it.y,
        ])}
      />
    </>
  )
}

const scaleOf = (axis: Axis): Plot.ScaleOptions => ({
  label: labelOf(axis),
  type: axis.scale ?? 'linear',
  nice: true,
  tickFormat: (value: number) => formatNumber(value, axis.format),
})
