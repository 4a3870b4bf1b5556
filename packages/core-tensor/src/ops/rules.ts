import { FlagError } from '../errors.ts'
import { broadcastDims } from '../graph/dims.ts'
import type { Operand, Value, ValueType } from '../graph/graph.ts'
import { type Application, type GradientRule, inputOf } from '../graph/operator.ts'
import { mul } from './elementwise.ts'

// What several families' tables are made of. Function declarations, because families import each other in cycles:
// a declaration is there before any of the modules runs.

/** Inference of operators that broadcast all their inputs against each other, as NumPy does. */
export function broadcastInputs(application: Application): ValueType[] {
  const [first, ...rest] = application.inputs.map((_, i) => inputOf(application, i))
  // Operator sets before 7 broadcast the second operand to the first, at a place that an attribute names.
  if (application.opset < 7 && application.attributes.broadcast !== undefined)
    return [{ dtype: first.dtype, shape: first.shape }]
  for (const value of rest) {
    if (value.dtype !== first.dtype) {
      throw new FlagError(
        'dtype-mismatch',
        `${application.operator}: ${first} and ${value} have different types`,
      )
    }
  }
  return [{ dtype: first.dtype, shape: rest.reduce((dims, v) => broadcastDims(dims, v.shape), first.shape) }]
}

/** A rule for y = f(x), element by element, where f' is a function of x and y. */
export function unary(derivative: (x: Value, y: Value) => Operand): GradientRule {
  return ({ inputs: [x], outputs: [y] }, [g]) => [g && mul(g, derivative(x as Value, y))]
}
