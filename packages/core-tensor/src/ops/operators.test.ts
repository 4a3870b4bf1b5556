import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { gradients } from '../grad/gradient.ts'
import { constant, stopGradient, type Value } from '../graph/graph.ts'
import { apply, type Operator } from '../graph/operator.ts'
import { spec, trace } from '../graph/trace.ts'
import { evaluate } from '../runtime/compile.ts'
import { fromNumbers } from '../tensor/tensor.ts'
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

/** Operators whose gradients the goldens check. */
function differentiatedOperators(): Set<string> {
  const found = new Set<string>()
  for (const [family, cases] of Object.entries(families)) {
    const goldens = readGoldens(family)
    for (const [name, run] of Object.entries(cases)) {
      const { gradients: checked, second, ...forward } = goldens[name]
      if (checked) for (const { operator } of traceCase(run, forward).graph.nodes) found.add(operator)
    }
  }
  return found
}

test('every gradient rule has a golden', () => {
  // What has no gradient is checked here or by the official ONNX node tests (onnx/conformance.test.ts).
  const differentiated = differentiatedOperators()
  const rules = Object.entries<Operator>(operators).filter(
    ([, { gradient }]) => typeof gradient === 'function',
  )
  expect(rules.length).toBeGreaterThan(100)
  expect(rules.map(([name]) => name).filter((name) => !differentiated.has(name))).toEqual([])
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

test('Dropout in training lets the gradient pass where it let the value pass, scaled alike', async () => {
  const x = fromNumbers(
    Array.from({ length: 200 }, (_, i) => i + 1),
    [200],
    'float32',
  )
  const [y, g] = await evaluate((v: Value) => {
    const inputs = [v, constant(0.25, 'float32'), constant(1, 'bool')]
    const [kept] = apply('Dropout', inputs, { seed: 7 }, { outputs: 2 })
    return [kept, gradients(kept, [v])[0]]
  }, x)
  const factors = y.toNumbers().map((value, i) => value / (i + 1))
  expect(new Set(factors.map((factor) => factor.toFixed(5)))).toEqual(new Set(['0.00000', '1.33333']))
  for (const [i, value] of g.toNumbers().entries()) expect(value).toBeCloseTo(factors[i], 5)
})
