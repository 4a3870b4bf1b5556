import { modelOf, type Row } from './build.ts'
import type { ConformanceCase } from './conformance.ts'
import { families } from './families.ts'
import * as structures from './structures.ts'

const all: Record<string, Row> = { ...families, ...structures }

/** Small models with inputs, for tests that always run. */
export const smallCases: ConformanceCase[] = Object.entries(all).map(
  ([name, [opset, inputs, nodes, outputs, rest]]) => ({
    name,
    model: modelOf(opset, inputs, nodes, outputs, rest),
    inputs: Object.values(inputs),
  }),
)
