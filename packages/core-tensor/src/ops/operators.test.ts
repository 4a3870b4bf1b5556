import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { gradients } from '../grad/gradient.ts'
import { stopGradient, type Value } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import { mod, operators, reduceSum } from './index.ts'
import { families } from './testing/cases.ts'
import { checkCase, readGoldens, traceCase } from './testing/oracle.ts'

describe.each(Object.keys(families))('%s operators against PyTorch', (family) => {
  const goldens = readGoldens(family)
  const cases = families[family]

  test('every golden is tested', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(goldens).sort())
  })

  test.each(Object.keys(cases))('%s', (name) => checkCase(cases[name], goldens[name]))
})

/** Operators that the functions under test apply, and those whose gradients their goldens check. */
function coverage() {
  const applied = new Set<string>()
  const differentiated = new Set<string>()
  for (const [family, cases] of Object.entries(families)) {
    const goldens = readGoldens(family)
    for (const [name, run] of Object.entries(cases)) {
      const { gradients, second, ...forward } = goldens[name]
      for (const { operator } of traceCase(run, forward).graph.nodes) {
        applied.add(operator)
        if (gradients) differentiated.add(operator)
      }
    }
  }
  return { applied, differentiated }
}

test('every operator has a golden, and every gradient rule', () => {
  const { applied, differentiated } = coverage()
  const names = Object.keys(operators) as (keyof typeof operators)[]
  expect(names.filter((name) => !applied.has(name))).toEqual([])
  const withRule = names.filter((name) => typeof operators[name].gradient === 'function')
  expect(withRule.filter((name) => !differentiated.has(name))).toEqual([])
})

test('differentiating an operator without a gradient says why, and how to go on', () => {
  const attempt = () => trace((x: Value) => gradients(reduceSum(mod(x, 2)), [x]), [spec('float32', [3])])
  expect(attempt).toThrow(FlagError)
  expect(attempt).toThrow(/Mod has no gradient: used on integers/)
  const stopped = trace(
    (x: Value) => gradients(reduceSum(mod(stopGradient(x), 2)), [x]),
    [spec('float32', [3])],
  )
  expect(stopped.result[0].shape).toEqual([3])
})
