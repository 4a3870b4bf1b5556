import { FlagError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'
import type { Attribute, Attributes, Node, Value, ValueType } from './graph.ts'
import { currentGraph } from './graph.ts'
import type { OperatorName } from './operatorNames.ts'

/** The domain of ONNX Runtime's operators that the ONNX standard has not. */
export const CONTRIB = 'com.microsoft'

/** What shape inference sees of a node. */
export interface Application {
  readonly operator: string
  readonly inputs: readonly (Value | undefined)[]
  readonly attributes: Attributes
  /** Version of the operator set that the graph uses for this operator's domain. */
  readonly opset: number
  /** How many outputs the node has. */
  readonly outputCount: number
}

/**
 * A gradient rule: from the gradients of a node's outputs (undefined where none flows) to those of its inputs
 * (undefined: zero, or not a differentiable input). It emits ordinary operators, so it can itself be differentiated.
 */
export type GradientRule = (
  node: Node,
  gradients: readonly (Value | undefined)[],
) => readonly (Value | undefined)[]

/** An operator without a gradient rule, and why. */
export interface NotDifferentiable {
  readonly notDifferentiable: string
}

export interface Operator {
  readonly domain?: string
  /** How many outputs a node must have; those after them are left out of the ONNX file when nothing uses them. */
  readonly requiredOutputs?: number
  /** Element type and shape of every output. Throws a FlagError when the inputs do not fit. */
  infer(application: Application): readonly ValueType[]
  readonly gradient: GradientRule | NotDifferentiable
}

/** Says in an operator's table that, and why, it has no gradient. */
export const notDifferentiable = (reason: string): NotDifferentiable => ({ notDifferentiable: reason })

const registry = new Map<string, Operator>()

const keyOf = (operator: string, domain: string) => (domain === '' ? operator : `${domain}:${operator}`)

/** Declares a family's operators. Every entry needs shape inference and a gradient rule, or it does not compile. */
export function defineOperators<N extends OperatorName>(table: Record<N, Operator>): Record<N, Operator> {
  for (const [name, operator] of Object.entries<Operator>(table))
    registry.set(keyOf(name, operator.domain ?? ''), operator)
  return table
}

/** The declaration of an operator, if there is one. */
export function findOperator(operator: string, domain = ''): Operator | undefined {
  return registry.get(keyOf(operator, domain === 'ai.onnx' ? '' : domain))
}

/** Older operator sets have other forms of the operators than `apply` and the gradient rules write. */
const OLDEST_OPSET = 18

/**
 * Adds a node to the graph being traced and gives its outputs. A builder that knows more about the result than
 * inference can find out (symbolic target shapes) passes `types`.
 */
export function apply(
  name: OperatorName,
  inputs: readonly (Value | undefined)[],
  attributes: Record<string, Attribute | undefined> = {},
  options: { domain?: string; outputs?: number; types?: readonly ValueType[] } = {},
): readonly Value[] {
  const { domain = '', outputs = 1 } = options
  const operator = findOperator(name, domain)
  if (!operator) throw new FlagError('unsupported', `operator ${keyOf(name, domain)} is not declared`)
  const graph = currentGraph()
  if (domain !== '' && !graph.opsets.has(domain)) graph.opsets.set(domain, 1)
  if (domain === '' && (graph.opsets.get('') ?? OLDEST_OPSET) < OLDEST_OPSET) {
    throw new FlagError(
      'unsupported',
      `the graph is of operator set ${graph.opsets.get('')}; nothing can be added to it`,
      {
        hint: 'read the model with { upgrade: true }',
      },
    )
  }
  const given = Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined),
  ) as Attributes
  const opset = graph.opsets.get(domain) ?? 1
  const types =
    options.types ??
    operator.infer({ operator: name, inputs, attributes: given, opset, outputCount: outputs })
  return graph.node(name, domain, inputs, given, types.slice(0, outputs)).outputs
}

/** `apply` for the many operators with one output. */
export function apply1(
  name: OperatorName,
  inputs: readonly (Value | undefined)[],
  attributes: Record<string, Attribute | undefined> = {},
  domain = '',
): Value {
  return apply(name, inputs, attributes, { domain })[0]
}

/** Input `index` of an application. Throws `invalid-argument` when it is missing. */
export function inputOf(application: Pick<Application, 'operator' | 'inputs'>, index: number): Value {
  const value = application.inputs[index]
  if (!value) throw new FlagError('invalid-argument', `${application.operator}: input ${index} is missing`)
  return value
}

export const intOf = (attributes: Attributes, name: string, fallback: number): number =>
  Number((attributes[name] as number | bigint | undefined) ?? fallback)

export const intsOf = (attributes: Attributes, name: string): readonly number[] | undefined =>
  attributes[name] as readonly number[] | undefined

export const floatOf = (attributes: Attributes, name: string, fallback: number): number =>
  (attributes[name] as { float: number } | undefined)?.float ?? fallback

export const stringOf = (attributes: Attributes, name: string, fallback: string): string =>
  (attributes[name] as string | undefined) ?? fallback

/** Inference of an output that is like input 0, or like it with another type. */
export const sameAsInput =
  (dtype?: DType) =>
  (application: Application): ValueType[] => {
    const x = inputOf(application, 0)
    return [{ dtype: dtype ?? x.dtype, shape: x.shape }]
  }
