import * as Plot from '@observablehq/plot'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Column } from '../src/contract.ts'
import { DataTable } from './table/DataTable.tsx'
import type { Row } from './table/rows.ts'

/** Told apart by people with any colour vision, in light and in dark; defined in style.css. */
export const palette = Array.from({ length: 8 }, (_, i) => `var(--series-${i + 1})`)
export const toneColour = {
  good: 'var(--good)',
  bad: 'var(--bad)',
  warning: 'var(--warning)',
  neutral: 'var(--quiet)',
} as const

interface Props {
  /** What the picture shows, for those who do not see it. */
  readonly label: string
  readonly options: (width: number) => Plot.PlotOptions
}

/** A chart as wide as there is room. */
export function Chart({ label, options }: Props) {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(Math.round(element.clientWidth)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (width === 0) return
    const style = { background: 'none', fontFamily: 'inherit', fontSize: '12px', overflow: 'visible' }
    const frame = { marginBottom: 42, marginLeft: 62, marginRight: 24 }
    const plot = Plot.plot({ width, ...frame, style, ...options(width) })
    // The label of the frame says what it shows, and the numbers are in a table.
    plot.setAttribute('aria-hidden', 'true')
    ref.current?.replaceChildren(plot)
  }, [width, options])
  return <div class="chart" role="img" aria-label={label} ref={ref} />
}

/** Which colour is which series. */
export function Legend({ names }: { names: readonly string[] }) {
  if (names.length < 2) return null
  return (
    <ul class="legend">
      {names.map((name, i) => (
        <li key={name} dir="auto">
          <span class="swatch" style={{ background: palette[i % palette.length] }} />
          {name}
        </li>
      ))}
    </ul>
  )
}

/** The numbers behind a chart, on demand. */
export function Numbers({
  name,
  columns,
  rows,
}: {
  name: string
  columns: readonly Column[]
  rows: readonly Row[]
}) {
  return (
    <Disclosure summary="Show the numbers">
      <DataTable name={name} columns={columns} rows={rows} />
    </Disclosure>
  )
}

/** Its content is made when it is opened. */
function Disclosure({ summary, children }: { summary: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {open && children}
    </details>
  )
}
