import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { families } from './testing/cases.ts'
import { checkCase, readGoldens, type Symbolic } from './testing/oracle.ts'

/**
 * Runs every golden with symbolic axes. Numbers must not change; gives the cases that are refused with a clear
 * error instead.
 */
async function refusals(symbolic: Symbolic): Promise<string[]> {
  const refused: string[] = []
  for (const [family, cases] of Object.entries(families)) {
    const goldens = readGoldens(family)
    for (const [name, run] of Object.entries(cases)) {
      try {
        await checkCase(run, goldens[name], symbolic)
      } catch (error) {
        if (!(error instanceof FlagError) || error.code === 'runtime') throw error
        refused.push(name)
      }
    }
  }
  return refused
}

describe('goldens with symbolic axes', () => {
  test('the first axis: nearly everything', async () => {
    // A step over an unknown size, and bounds beyond the end of an axis that is taken to reach them.
    expect(await refusals('first')).toEqual(['slice with steps', 'slice of all'])
  })

  test('all axes: what does not need to know sizes', async () => {
    const needsSizes =
      /^(slice |pad, (reflect|edge|wrap)|conv|averagePool|adaptive|groupNorm|GroupNorm|instanceNorm|nearest|linear|cubic|roiAlign|attention|heads$|rotary)/
    expect((await refusals('all')).filter((name) => !needsSizes.test(name))).toEqual([])
  })
})
