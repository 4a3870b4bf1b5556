import type { SectionOf } from '../../src/contract.ts'
import { Legend, Numbers, palette } from '../Chart.tsx'
import { formatNumber } from '../format.ts'

const [SIZE, RADIUS] = [420, 140]
const RINGS = [0.25, 0.5, 0.75, 1]

/** A value on each of several spokes, all of one scale that begins at 0 in the middle. */
export function Radar({
  section: { title, corners, axis, series, rim: given },
}: {
  section: SectionOf<'radar'>
}) {
  const values = series.flatMap((it) => it.values.filter((value) => value !== null))
  const rim = given ?? (Math.max(...values, 0) || 1)
  const at = (corner: number, share: number): [number, number] => {
    const angle = (2 * Math.PI * corner) / corners.length - Math.PI / 2
    return [Math.cos(angle) * RADIUS * share, Math.sin(angle) * RADIUS * share]
  }
  const ring = (share: number) =>
    corners
      .map((_, i) =>
        at(i, share)
          .map((x) => x.toFixed(1))
          .join(','),
      )
      .join(' ')
  return (
    <>
      <Legend names={series.map(({ name }) => name)} />
      <svg
        class="radar"
        viewBox={`${-SIZE / 2} ${-SIZE / 2 + 20} ${SIZE} ${SIZE - 40}`}
        role="img"
        aria-label={`Radar: ${title}`}
      >
        {RINGS.map((share) => (
          <g key={share}>
            <polygon points={ring(share)} class="ring" />
            <text x={4} y={-RADIUS * share - 3} class="quiet">
              {formatNumber(rim * share, axis.format)}
            </text>
          </g>
        ))}
        {corners.map((corner, i) => {
          const [x, y] = at(i, 1.12)
          const [endX, endY] = at(i, 1)
          return (
            <g key={corner}>
              <line x2={endX} y2={endY} class="ring" />
              <text x={x} y={y + 4} text-anchor={Math.abs(x) < 9 ? 'middle' : x > 0 ? 'start' : 'end'}>
                {corner}
              </text>
            </g>
          )
        })}
        {series.map((it, k) => {
          const color = palette[k % palette.length]
          const points = it.values.flatMap((value, i) =>
            value === null ? [] : [at(i, Math.max(0, value) / rim)],
          )
          return (
            <g key={it.name} style={{ color }}>
              <polygon points={points.map((point) => point.join(',')).join(' ')} class="shape" />
              {points.map(([x, y], i) => (
                <circle key={i} cx={x} cy={y} r={3} />
              ))}
            </g>
          )
        })}
      </svg>
      <Numbers
        name={title}
        columns={[
          { type: 'text', label: '' },
          ...series.map(({ name }) => ({
            type: 'number' as const,
            label: name,
            format: axis.format,
            unit: axis.unit,
          })),
        ]}
        rows={corners.map((corner, i) => [corner, ...series.map((it) => it.values[i])])}
      />
    </>
  )
}
