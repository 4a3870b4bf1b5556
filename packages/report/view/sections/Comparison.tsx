import * as Plot from '@observablehq/plot'
import { useMemo } from 'preact/hooks'
import type { Cell, Column, SectionOf } from '../../src/contract.ts'
import { Chart, toneColour } from '../Chart.tsx'
import { formatInterval, formatNumber, labelOf } from '../format.ts'
import { DataTable } from '../table/DataTable.tsx'

type Section = SectionOf<'comparison'>
const tones = { good: 'better', bad: 'worse', warning: 'beware', neutral: '' }

/** Estimates with their intervals under each other: a forest plot. */
export function Comparison({ section }: { section: Section }) {
  const { title, axis, reference, noise, better, estimates } = section
  const options = useMemo(
    () => () => {
      const lines = estimates.map((it, i) => ({ ...it, key: `${i}`, label: nameOf(it) }))
      const colour = ({ verdict }: Section['estimates'][number]) =>
        verdict ? toneColour[verdict.tone] : 'var(--series-1)'
      return {
        height: 50 + 24 * lines.length,
        marginLeft: Math.min(280, 24 + 7 * Math.max(...lines.map(({ label }) => label.length), 4)),
        insetLeft: 8,
        insetRight: 8,
        x: {
          label: labelOf(axis),
          type: axis.scale ?? ('linear' as const),
          grid: true,
          tickFormat: (value: number) => formatNumber(value, axis.format),
        },
        y: {
          label: null,
          domain: lines.map(({ key }) => key),
          tickFormat: (key: string) => shorten(lines[Number(key)].label),
        },
        marks: [
          ...(noise
            ? [Plot.rectX([noise], { x1: 'low', x2: 'high', fill: 'currentColor', fillOpacity: 0.1 })]
            : []),
          ...(reference === undefined ? [] : [Plot.ruleX([reference], { strokeDasharray: '4,3' })]),
          Plot.ruleY(lines, {
            y: 'key',
            x1: 'low',
            x2: 'high',
            stroke: colour,
            strokeWidth: 3,
            strokeOpacity: 0.55,
            className: 'intervals',
          }),
          Plot.dot(lines, {
            x: 'value',
            y: 'key',
            r: 4.5,
            fill: colour,
            title: (it) =>
              `${it.label}\n${formatInterval(it, axis.format)}${it.verdict ? `\n${it.verdict.label}` : ''}`,
            tip: true,
          }),
        ],
      }
    },
    [section],
  )
  const { columns, rows } = useMemo(() => tableOf(section), [section])
  if (estimates.length === 0) return <p class="quiet">Nothing to compare.</p>
  return (
    <>
      <Chart label={`Estimates with intervals: ${title}`} options={options} />
      <p class="quiet">
        {reference !== undefined && `Dashed: no difference (${formatNumber(reference, axis.format)}). `}
        {noise && `Grey: what cannot be told from noise. `}
        {better && `${better === 'lower' ? 'Lower' : 'Higher'} is better.`}
      </p>
      <DataTable name={title} columns={columns} rows={rows} />
    </>
  )
}

const nameOf = ({ name, group }: Section['estimates'][number]) => (group ? `${group} · ${name}` : name)
const shorten = (label: string) => (label.length > 38 ? `${label.slice(0, 37)}…` : label)

function tableOf({ axis, estimates }: Section): { columns: Column[]; rows: Cell[][] } {
  const labels = [...new Set(estimates.flatMap(({ facts = [] }) => facts.map(({ label }) => label)))]
  const [hasGroup, hasVerdict] = [
    estimates.some(({ group }) => group),
    estimates.some(({ verdict }) => verdict),
  ]
  const isNumber = (label: string) =>
    estimates.every(
      ({ facts = [] }) => typeof (facts.find((it) => it.label === label)?.value ?? 0) === 'number',
    )
  return {
    columns: [
      ...(hasGroup ? [{ type: 'text' as const, label: 'group' }] : []),
      { type: 'text', label: 'name' },
      { type: 'number', label: axis.label, unit: axis.unit, format: axis.format },
      ...(hasVerdict ? [{ type: 'text' as const, label: 'verdict' }] : []),
      ...labels.map((label) => ({ type: isNumber(label) ? ('number' as const) : ('text' as const), label })),
    ],
    rows: estimates.map(({ name, group = '', value, low, high, verdict, facts = [] }) => [
      ...(hasGroup ? [group] : []),
      name,
      { value, low, high },
      ...(hasVerdict ? [verdict ? [tones[verdict.tone], verdict.label].filter(Boolean).join(': ') : ''] : []),
      ...labels.map((label) => facts.find((it) => it.label === label)?.value ?? null),
    ]),
  }
}
