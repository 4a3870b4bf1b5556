import type { Section } from '@flag/report'
import { baseNumbers } from '../base.ts'
import type { CaseRow } from '../schema.ts'
import { isOtherModel, type ModelCase, modelName } from './models.ts'

interface Ceiling {
  readonly name: string
  readonly value: number
  readonly kind: 'compute' | 'bandwidth'
  readonly row: CaseRow
}

function ceilingsOf(bases: readonly CaseRow[]): Ceiling[] {
  return bases.flatMap((row): Ceiling[] => {
    if (row.raw?.kind !== 'base') return []
    const { unit, best } = baseNumbers(row.raw)
    const kind = row.raw.probe === 'gemm' ? 'compute' : row.raw.probe === 'memory' ? 'bandwidth' : undefined
    if (kind === undefined || best === null || !(best > 0) || !/^G(FLOP|B)\/s$/.test(unit)) return []
    return [{ name: row.name, value: best, kind, row }]
  })
}

/** Models under the ceilings that were measured with their provider and threads. */
export function rooflines(models: readonly ModelCase[], bases: readonly CaseRow[]): Section[] {
  const ceilings = ceilingsOf(bases)
  const profiled = models.filter((it, i, all) => i === 0 || isOtherModel(it, i, all))
  return profiled.flatMap((it): Section[] => {
    const fits = ({ row }: Ceiling) =>
      row.options.provider === it.row.options.provider && row.options.threads === it.row.options.threads
    const own = ceilings.filter(fits)
    const highest = (kind: Ceiling['kind']) =>
      own
        .filter((ceiling) => ceiling.kind === kind)
        .sort((a, b) => b.value - a.value)
        .slice(0, 1)
    const [compute, bandwidth] = [highest('compute'), highest('bandwidth')]
    if (compute.length === 0 || bandwidth.length === 0) return []
    const { nodes, flops, bytes, microseconds } = it.numbers.attribution
    const counted = nodes.filter(
      ({ work, microseconds: time }) => work.flops > 0 && work.bytes > 0 && time > 0,
    )
    const whole = {
      name: 'the whole model',
      intensity: flops / bytes,
      performance: flops / microseconds / 1000,
      group: 'all nodes',
    }
    const plain = ({ name, value }: Ceiling) => ({ name, value })
    return [
      {
        kind: 'roofline',
        group: 'Rooflines',
        title: modelName(it.row),
        description:
          'Nodes under ceilings that were measured through the same runtime, with the same threads: the best product of ' +
          'matrices and the best pass over an array larger than the caches. Bytes are those of all inputs, weights and ' +
          'outputs, so that nodes whose data lies in a cache may exceed the slope. The area is the share of the time.',
        compute: compute.map(plain),
        bandwidth: bandwidth.map(plain),
        points: [
          ...(flops > 0 && bytes > 0 && microseconds > 0 ? [whole] : []),
          ...counted.map(({ name, operator, work, gigaflops, share }) => ({
            name,
            intensity: work.flops / work.bytes,
            performance: gigaflops,
            share,
            group: operator,
          })),
        ],
      },
    ]
  })
}
