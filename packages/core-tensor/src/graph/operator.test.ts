import { expect, test } from 'vitest'
import { operators } from '../ops/index.ts'
import { apply1, defineOperators, findOperator, notDifferentiable, sameAsInput } from './operator.ts'
import type { OperatorName } from './operatorNames.ts'
import { spec, trace } from './trace.ts'

const infer = sameAsInput()

test('a missing rule does not compile', () => {
  // The compiler checks this (npm run typecheck): each line under a mark must be an error. It is not run, so that the
  // real operators stay as they are.
  const declarations = () => {
    defineOperators<'Neg' | 'Abs'>({
      Neg: { infer, gradient: () => [] },
      Abs: { infer, gradient: notDifferentiable('says why') },
    })
    // @ts-expect-error an operator of the family is missing
    defineOperators<'Neg' | 'Abs'>({ Neg: { infer, gradient: () => [] } })
    // @ts-expect-error no gradient rule
    defineOperators<'Neg'>({ Neg: { infer } })
    // @ts-expect-error no shape inference
    defineOperators<'Neg'>({ Neg: { gradient: () => [] } })
    // @ts-expect-error a gradient that is left out is written as notDifferentiable(reason)
    defineOperators<'Neg'>({ Neg: { infer, gradient: undefined } })
    // @ts-expect-error not the name of an operator
    defineOperators<'Negate'>({ Negate: { infer, gradient: () => [] } })
    // @ts-expect-error the table of all operators names only one
    const all: Record<OperatorName, unknown> = { Neg: { infer, gradient: () => [] } }
    return all
  }
  expect(declarations).toBeTypeOf('function')
})

test('every declared operator can be found, under its domain', () => {
  for (const [name, operator] of Object.entries(operators)) {
    expect(findOperator(name, operator.domain)).toBe(operator)
  }
  expect(findOperator('Neg', 'ai.onnx')).toBe(operators.Neg)
  expect(findOperator('Neg', 'com.example')).toBeUndefined()
})

test('applying an operator to too few inputs says which is missing', () => {
  expect(() => trace((x) => apply1('MatMul', [x]), [spec('float32', [2, 2])])).toThrow(
    /MatMul: input 1 is missing/,
  )
})
