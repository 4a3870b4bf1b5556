import { FlagError } from '../errors.ts'
import { fromNumbers, type Tensor } from '../tensor/tensor.ts'
import { attributeProto } from './attributes.ts'
import { type AttributeProto, AttributeType, type GraphProto, type NodeProto } from './schema.ts'
import { tensorProto } from './tensors.ts'

/** The operator set that graphs are traced in, and that models can be brought to. */
export const CURRENT_OPSET = 21

type Upgrade = (node: Draft) => NodeProto[]

/** A node that is being rewritten: its attributes by name, and constants to put before it. */
class Draft {
  readonly proto: NodeProto
  readonly opset: number
  readonly attributes: Map<string, AttributeProto>
  readonly #before: NodeProto[] = []
  readonly #unique: () => string

  constructor(proto: NodeProto, opset: number, unique: () => string) {
    this.proto = proto
    this.opset = opset
    this.attributes = new Map((proto.attribute ?? []).map((each) => [each.name ?? '', each]))
    this.#unique = unique
  }

  /** Takes an attribute away. */
  take(name: string): AttributeProto | undefined {
    const attribute = this.attributes.get(name)
    this.attributes.delete(name)
    return attribute
  }

  ints(name: string): number[] | undefined {
    return this.take(name)?.ints?.map(Number)
  }

  /** The name of a new constant. */
  constant(value: Tensor): string {
    const name = this.#unique()
    const attribute = { name: 'value', type: AttributeType.TENSOR, t: tensorProto('', value) }
    this.#before.push({ opType: 'Constant', output: [name], attribute: [attribute] })
    return name
  }

  vector(values: readonly number[] | undefined): string {
    return values ? this.constant(fromNumbers(values, [values.length], 'int64')) : ''
  }

  scalar(value: number | undefined): string {
    return value === undefined ? '' : this.constant(fromNumbers([value], [], 'float32'))
  }

  fresh(): string {
    return this.#unique()
  }

  set(name: string, value: Parameters<typeof attributeProto>[1]): void {
    this.attributes.set(name, attributeProto(name, value))
  }

  /** The node as it is now, with these changes, behind its constants. */
  done(changes: Partial<NodeProto> = {}): NodeProto[] {
    const input = [...(changes.input ?? this.proto.input ?? [])]
    while (input.at(-1) === '') input.pop()
    return [...this.#before, { ...this.proto, attribute: [...this.attributes.values()], ...changes, input }]
  }
}

const first = ({ proto }: Draft) => proto.input?.[0] ?? ''
const inputs = ({ proto }: Draft, from: number) => proto.input?.slice(from) ?? []

const axesToInput =
  (since: number): Upgrade =>
  (node) => {
    if (node.opset >= since) return node.done()
    return node.done({ input: [first(node), node.vector(node.ints('axes'))] })
  }

/** Before 13 everything from `axis` on was one axis. */
const flattening: Upgrade = (node) => {
  if (node.opset >= 13) return node.done()
  const axis = Number(node.take('axis')?.i ?? 1)
  node.set('axis', -1)
  if (axis === -1) return node.done()
  const [flat, result, shape] = [node.fresh(), node.fresh(), node.fresh()]
  return [
    { opType: 'Flatten', input: [first(node)], output: [flat], attribute: [attributeProto('axis', axis)] },
    ...node.done({ input: [flat], output: [result] }),
    { opType: 'Shape', input: [first(node)], output: [shape] },
    { opType: 'Reshape', input: [result, shape], output: node.proto.output },
  ]
}

/** Before 7 an attribute allowed broadcasting, and another said where. */
const broadcasting: Upgrade = (node) => {
  if (node.opset >= 7) return node.done()
  node.take('broadcast')
  if (node.take('axis')) throw impossible(node, 'it broadcasts along an axis')
  return node.done()
}

const impossible = ({ proto, opset }: Draft, why: string) =>
  new FlagError('unsupported', `${proto.opType} of operator set ${opset} has no newer form: ${why}`)

/** Scales and no region; before 11 elements lay at the corners of their cells. */
function resized(node: Draft, scales: string): NodeProto[] {
  node.set('coordinate_transformation_mode', 'asymmetric')
  node.set('nearest_mode', 'floor')
  return node.done({ opType: 'Resize', input: [first(node), '', scales] })
}

const renamed = (from: string, to: string, values: Record<string, string>): Upgrade => {
  const decoder = new TextDecoder()
  return (node) => {
    const old = node.attributes.get(from)?.s
    if (old) node.set(to, values[decoder.decode(old)] ?? decoder.decode(old))
    return node.done()
  }
}

const upgrades: Record<string, Upgrade> = {
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      axesToInput(18),
    ]),
  ),
  ReduceSum: axesToInput(13),
  Squeeze: axesToInput(13),
  Unsqueeze: axesToInput(13),
  Softmax: flattening,
  LogSoftmax: flattening,
  Hardmax: flattening,
  Add: broadcasting,
  Sub: broadcasting,
  Mul: broadcasting,
  Div: broadcasting,
  Pow: broadcasting,
  And: broadcasting,
  Or: broadcasting,
  Xor: broadcasting,
  Equal: broadcasting,
  Greater: broadcasting,
  Less: broadcasting,
  Gemm: broadcasting,
  Split: (node) => {
    const sizes = node.opset < 13 ? node.vector(node.ints('split')) : (node.proto.input?.[1] ?? '')
    if (sizes === '' && node.opset < 18) node.set('num_outputs', node.proto.output?.length ?? 1)
    return node.done({ input: [first(node), sizes] })
  },
  Slice: (node) => {
    if (node.opset >= 10) return node.done()
    const bounds = ['starts', 'ends', 'axes'].map((name) => node.vector(node.ints(name)))
    return node.done({ input: [first(node), ...bounds] })
  },
  Pad: (node) => {
    if (node.opset >= 11) return node.done()
    const amounts = node.vector(node.ints('pads') ?? node.ints('paddings'))
    return node.done({ input: [first(node), amounts, node.scalar(node.take('value')?.f ?? 0)] })
  },
  Clip: (node) => {
    if (node.opset >= 11) return node.done()
    const limits = ['min', 'max'].map((name) => node.scalar(node.take(name)?.f))
    return node.done({ input: [first(node), ...limits] })
  },
  TopK: (node) => {
    if (node.opset >= 10) return node.done()
    return node.done({ input: [first(node), node.vector([Number(node.take('k')?.i ?? 1)])] })
  },
  Upsample: (node) => {
    const scales = node.take('scales')?.floats
    const given = scales && node.constant(fromNumbers(scales, [scales.length], 'float32'))
    return resized(node, given ?? node.proto.input?.[1] ?? '')
  },
  Resize: (node) => (node.opset < 11 ? resized(node, node.proto.input?.[1] ?? '') : node.done()),
  Dropout: (node) => {
    if (node.opset >= 12) return node.done()
    for (const name of ['ratio', 'is_test']) node.take(name)
    return node.done()
  },
  BatchNormalization: (node) => {
    if (node.opset >= 14) return node.done()
    if (Number(node.take('spatial')?.i ?? 1) !== 1) throw impossible(node, 'it is not spatial')
    node.take('is_test')
    return node.done({ output: node.proto.output?.slice(0, 1) })
  },
  GroupNormalization: (node) => {
    if (node.opset < 21) throw impossible(node, 'it scales whole groups')
    return node.done()
  },
  Scan: (node) => {
    if (node.opset < 9) throw impossible(node, 'it has a batch axis')
    return node.done()
  },
  Scatter: (node) => node.done({ opType: 'ScatterElements' }),
  Reshape: (node) => {
    if (node.opset >= 5) return node.done()
    return node.done({ input: [first(node), node.vector(node.ints('shape'))] })
  },
  Concat: (node) => {
    if (node.opset < 4 && !node.attributes.has('axis')) node.set('axis', 1)
    return node.done()
  },
  DFT: (node) => {
    if (node.opset >= 20) return node.done()
    const axis = node.constant(fromNumbers([Number(node.take('axis')?.i ?? 1)], [], 'int64'))
    return node.done({ input: [first(node), inputs(node, 1)[0] ?? '', axis] })
  },
  GridSample: renamed('mode', 'mode', { bilinear: 'linear', bicubic: 'cubic' }),
  RoiAlign: (node) => {
    if (node.opset < 16) node.set('coordinate_transformation_mode', 'output_half_pixel')
    return node.done()
  },
}

/**
 * A graph of an older operator set in the forms of operator set 21, with the same results.
 * Throws `unsupported` for the few nodes that have no such form.
 */
export function upgradeGraph(graph: GraphProto, opset: number): GraphProto {
  if (opset >= CURRENT_OPSET) return graph
  let count = 0
  const unique = () => `upgraded/${count++}`
  const visit = (inner: GraphProto): GraphProto => ({
    ...inner,
    node: inner.node?.flatMap((node) => {
      const standard = node.domain === undefined || node.domain === '' || node.domain === 'ai.onnx'
      const attribute = node.attribute
        ?.filter(({ name }) => !(standard && name === 'consumed_inputs'))
        .map((each) => ({ ...each, g: each.g && visit(each.g), graphs: each.graphs?.map(visit) }))
      const upgrade = standard ? upgrades[node.opType ?? ''] : undefined
      return upgrade ? upgrade(new Draft({ ...node, attribute }, opset, unique)) : [{ ...node, attribute }]
    }),
  })
  return visit(graph)
}
