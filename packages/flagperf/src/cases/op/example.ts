import {
  type Attributes,
  type DType,
  encodeModel,
  FlagError,
  fromNumbers,
  Generator,
  Graph,
  type NumericDType,
  ops,
  spec,
  Tensor,
  toFloat16Bits,
  trace,
  type Value,
  type ValueType,
} from '@flag/core-tensor'

/** An argument of an operator: what its numbers are, or, where they decide the shape of the result, the numbers. */
export interface Argument {
  readonly shape: readonly number[]
  /** Its own element type; without one, that of the case. */
  readonly dtype?: DType
  /** Numbers are uniform in this range; [-1, 1) without one, whole numbers in [0, 10). */
  readonly range?: readonly [number, number]
  /** A constant of the graph. */
  readonly values?: readonly number[]
}

/** An operator at work: arguments of a size that grows with `n`, so that the largest has about n² elements. */
export interface Example {
  arguments(n: number): readonly (Argument | undefined)[]
  readonly attributes?: Attributes | ((n: number) => Attributes)
  readonly outputs?: number
  /** Element types that make sense, the usual one first. */
  readonly dtypes: readonly DType[]
  /** Version of the operator set; 21 without one. */
  readonly opset?: number
  readonly domain?: string
  /** The graph, where it is more than one node of the operator. */
  readonly build?: (...values: Value[]) => Value
}

/** A model that does nothing but one operator, with made-up inputs. */
export interface OperatorModel {
  readonly bytes: Uint8Array
  readonly feeds: Readonly<Record<string, Tensor>>
  /** Names of nodes that are not the operator but make its result small. */
  readonly helpers: ReadonlySet<string>
}

/** Results above this size are cut to one element: outputs are copied, and the copy is not the operator's work. */
const LARGEST_OUTPUT = 4096

/** Builds the model of an example. Throws `invalid-argument` for an element type that it does not take. */
export function modelOf(name: string, example: Example, dtype: DType, n: number): OperatorModel {
  if (!example.dtypes.includes(dtype))
    throw new FlagError(
      'invalid-argument',
      `${name} is measured on ${example.dtypes.join(', ')}, not on ${dtype}`,
    )
  const args = example.arguments(n)
  const random = new Generator(0)
  const tensors = args.map((argument) => argument && tensorOf(argument, dtype, random))
  const isInput = (i: number) => tensors[i] !== undefined && args[i]?.values === undefined
  const inputs = tensors.filter((tensor, i): tensor is Tensor => isInput(i) && tensor !== undefined)
  const opsets = new Map([['', example.opset ?? 21]])
  if (example.domain) opsets.set(example.domain, 1)
  const graph = new Graph(opsets)
  let count = 0
  const traced = trace(
    (...values: Value[]) => {
      const given = [...values]
      const all = tensors.map((tensor, i) =>
        tensor === undefined ? undefined : isInput(i) ? given.shift() : graph.constant(tensor),
      )
      const results = example.build
        ? [example.build(...(all as Value[]))]
        : nodeOf(name, example, all, n, graph)
      count = graph.nodes.length
      return results.map(small)
    },
    inputs.map(({ dtype: type, shape }) => spec(type, shape)),
    graph,
  )
  return {
    bytes: encodeModel(graph, traced.outputs),
    feeds: Object.fromEntries(inputs.map((tensor, i) => [`in.${i}`, tensor])),
    helpers: new Set(graph.nodes.slice(count).map(({ operator }, i) => `${operator}_${count + i}`)),
  }
}

function nodeOf(
  operator: string,
  example: Example,
  inputs: readonly (Value | undefined)[],
  n: number,
  graph: Graph,
): readonly Value[] {
  const { attributes = {}, outputs = 1, domain = '', opset = 21 } = example
  const given = typeof attributes === 'function' ? attributes(n) : attributes
  const declared = (ops.operators as Readonly<Record<string, (typeof ops.operators)['Add']>>)[operator]
  const types = declared.infer({ operator, inputs, attributes: given, opset, outputCount: outputs })
  return graph.node(operator, domain || (declared.domain ?? ''), inputs, given, types.slice(0, outputs))
    .outputs
}

/** A large result of known size, cut to an element. Written as ONNX had it from the start of its operator set 13 on. */
function small(value: Value): Value {
  const known = value.shape.every((dim) => typeof dim === 'number')
  const elements = value.shape.reduce<number>((product, dim) => product * Number(dim), 1)
  const canSlice = (value.graph.opsets.get('') ?? 0) >= 13 && value.dtype !== 'string'
  if (!known || elements <= LARGEST_OUTPUT || !canSlice) return value
  const { graph } = value
  const int64 = (...numbers: number[]) => graph.constant(fromNumbers(numbers, [numbers.length], 'int64'))
  const type = (shape: number[]): ValueType[] => [{ dtype: value.dtype, shape }]
  const [flat] = graph.node('Reshape', '', [value, int64(-1)], {}, type([elements])).outputs
  return graph.node('Slice', '', [flat, int64(0), int64(1)], {}, type([1])).outputs[0]
}

function tensorOf({ shape, dtype, range, values }: Argument, fallback: DType, random: Generator): Tensor {
  const type = dtype ?? fallback
  const count = shape.reduce((a, b) => a * b, 1)
  if (values) return fromNumbers(values, shape, type as NumericDType)
  if (type === 'string')
    return new Tensor(
      'string',
      shape,
      Array.from({ length: count }, (_, i) => `text ${i % 97}`),
    )
  const isWhole = !type.includes('float')
  const [low, high] = range ?? (type === 'bool' ? [0, 2] : isWhole ? [0, 10] : [-1, 1])
  const uniform = random.rand(shape).data
  if (type === 'float32')
    return new Tensor(
      'float32',
      shape,
      uniform.map((u) => low + u * (high - low)),
    )
  if (type === 'float16')
    return new Tensor(
      'float16',
      shape,
      Uint16Array.from(uniform, (u) => toFloat16Bits(low + u * (high - low))),
    )
  const numbers = Array.from(uniform, (u) => low + u * (high - low))
  return fromNumbers(isWhole ? numbers.map(Math.floor) : numbers, shape, type as NumericDType)
}
