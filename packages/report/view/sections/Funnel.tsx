import type { SectionOf } from '../../src/contract.ts'
import { count, formatNumber } from '../format.ts'
import { DataTable } from '../table/DataTable.tsx'

export function Funnel({ section: { title, unit, input, stages } }: { section: SectionOf<'funnel'> }) {
  const share = (n: number) => (input > 0 ? n / input : 0)
  const percent = (n: number) => formatNumber(share(n), 'percent')
  const steps = [{ name: 'input', output: input, removed: [], changed: undefined }, ...stages]
  return (
    <>
      <ol class="funnel">
        {steps.map(({ name, output, removed, changed }, i) => (
          <li key={i}>
            <div class="stage">
              <span dir="auto">{name}</span>
              <span class="strip-frame">
                <span class="strip" style={{ width: `${100 * share(output)}%` }} />
                <span
                  class="strip lost"
                  style={{ width: `${100 * share((steps[i - 1]?.output ?? output) - output)}%` }}
                />
              </span>
              <span class="number">
                {output.toLocaleString('en')} <span class="quiet">{percent(output)}</span>
              </span>
            </div>
            {(removed.length > 0 || changed !== undefined) && (
              <p class="reasons" dir="auto">
                {[...removed]
                  .sort((a, b) => b.count - a.count)
                  .map(({ reason, count: n }) => `${reason}: −${n.toLocaleString('en')}`)
                  .concat(changed === undefined ? [] : [`changed: ${changed.toLocaleString('en')}`])
                  .join(' · ')}
              </p>
            )}
          </li>
        ))}
      </ol>
      <p class="quiet">
        {count(steps[steps.length - 1].output, unit, unit)} left of {count(input, unit, unit)}.
      </p>
      <DataTable
        name={`${title}: removed`}
        columns={[
          { type: 'text', label: 'stage' },
          { type: 'code', label: 'reason' },
          { type: 'bar', label: unit, format: 'integer' },
          { type: 'number', label: 'of the input', format: 'percent' },
        ]}
        rows={stages.flatMap(({ name, removed }) =>
          removed.map(({ reason, count: n }) => [name, reason, n, share(n)]),
        )}
        order={{ column: 2, descending: true }}
      />
    </>
  )
}
