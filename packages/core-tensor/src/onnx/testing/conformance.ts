import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Dims } from '../../graph/dims.ts'
import type { TensorParts } from '../../runtime/protocol.ts'
import { createSessionCore } from '../../runtime/session-core.mjs'
import type { Tensor } from '../../tensor/tensor.ts'
import { decodeModel } from '../decode.ts'
import { encodeModel } from '../encode.ts'
import { modelMessage, tensorMessage } from '../schema.ts'
import { tensorOf } from '../tensors.ts'
import { decodeMessage, encodeMessage } from '../wire.ts'
// Declares the operators.
import '../../ops/index.ts'

/** A model with inputs for one run. */
export interface ConformanceCase {
  readonly name: string
  readonly model: Uint8Array
  readonly inputs: readonly Tensor[]
}

/** The cases of a folder of the ONNX backend tests: `<test>/model.onnx` and `<test>/test_data_set_0/input_<i>.pb`. */
export function* casesIn(folder: string): Generator<ConformanceCase> {
  for (const name of readdirSync(folder).sort()) {
    const data = path.join(folder, name, 'test_data_set_0')
    const count = readdirSync(data).filter((file) => file.startsWith('input_')).length
    const inputs = Array.from({ length: count }, (_, i) => readFileSync(path.join(data, `input_${i}.pb`)))
    yield {
      name,
      model: readFileSync(path.join(folder, name, 'model.onnx')),
      get inputs() {
        return inputs.map((bytes) => tensorOf(decodeMessage(tensorMessage, bytes)))
      },
    }
  }
}

/** What became of a case: `same`, or what went wrong first. */
export type Outcome =
  | { readonly kind: 'same' }
  /** ONNX Runtime does not run the original model. */
  | { readonly kind: 'not run'; readonly reason: string }
  /** The results are the same, but a size follows from elements and so is not inferred. */
  | { readonly kind: 'size'; readonly reason: string }
  /** Flag cannot bring it to the newest operator set. */
  | { readonly kind: 'not upgraded'; readonly reason: string }
  /** Flag does not read the model, infers a wrong shape, or writes a model with other results. */
  | { readonly kind: 'unsupported' | 'shape' | 'result'; readonly reason: string }

const OPTIONS = {
  // Fusions would round differently in a model whose intermediate results are outputs too.
  graphOptimizationLevel: 'disabled',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
}

async function run(model: Uint8Array, inputs: readonly Tensor[]): Promise<Record<string, TensorParts>> {
  // In this thread: a worker for each of a thousand models would take most of the time.
  const session = createSessionCore()
  try {
    const { inputs: names } = await session.open({ model, options: OPTIONS })
    return await session.run({ feeds: Object.fromEntries(names.map((name, i) => [name, inputs[i]])) })
  } finally {
    await session.close({})
  }
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error))

/**
 * Reads a model, writes it again, runs both, and compares every output bit by bit and the inferred shape of every
 * intermediate value with the real one. Then the same once more in the forms of the newest operator set, without the
 * shapes.
 *
 * Shapes are inferred without what the file states about results, and with the inputs as constants, because in
 * these tests the shapes that operators take are inputs.
 */
export async function check(test: ConformanceCase): Promise<Outcome> {
  const { model } = test
  let tensors: readonly Tensor[]
  let expected: Record<string, TensorParts>
  try {
    tensors = test.inputs
    expected = await run(model, tensors)
  } catch (error) {
    return { kind: 'not run', reason: message(error) }
  }
  let results: Record<string, TensorParts>
  let inferred: readonly Dims[]
  let names: readonly string[]
  try {
    const loaded = decodeModel(model)
    const known = decodeModel(withoutTypes(model), { fixed: fixedInputs(model, tensors) })
    inferred = known.graph.nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => shape))
    names = loaded.outputs.map(({ name }) => name)
    const all = loaded.graph.nodes.flatMap(({ outputs }) => outputs)
    const inner = all.map((value, i) => ({ name: `intermediate/${i}`, value }))
    results = await run(encodeModel(loaded.graph, [...loaded.outputs, ...inner]), tensors)
  } catch (error) {
    return { kind: 'unsupported', reason: message(error) }
  }
  let size: string | undefined
  for (const [i, shape] of inferred.entries()) {
    const real = results[`intermediate/${i}`].shape
    if (real.join() === shape.join()) continue
    const reason = `inferred [${shape.join(', ')}], found [${real.join(', ')}]`
    const fits =
      shape.length === real.length && shape.every((dim, k) => typeof dim === 'string' || dim === real[k])
    if (!fits) return { kind: 'shape', reason }
    size ??= reason
  }
  for (const name of names) {
    const [a, b] = [expected[name], results[name]]
    if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || !sameElements(a, b))
      return { kind: 'result', reason: `output "${name}" differs` }
  }
  try {
    const { graph, outputs } = decodeModel(model, { upgrade: true })
    const upgraded = await run(encodeModel(graph, outputs), tensors)
    const different = names.find((name) => !closeElements(expected[name], upgraded[name]))
    if (different !== undefined) return { kind: 'not upgraded', reason: `output "${different}" differs` }
  } catch (error) {
    return { kind: 'not upgraded', reason: message(error) }
  }
  return size === undefined ? { kind: 'same' } : { kind: 'size', reason: size }
}

function sameElements({ data: a }: TensorParts, { data: b }: TensorParts): boolean {
  if (Array.isArray(a)) return JSON.stringify(a) === JSON.stringify(b)
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    Buffer.from(buffer, byteOffset, byteLength)
  return bytes(a as ArrayBufferView).equals(bytes(b as ArrayBufferView))
}

/** The same, but for rounding: newer versions of an operator have other kernels. */
function closeElements(a: TensorParts, b: TensorParts): boolean {
  if (!(a.data instanceof Float32Array) || !(b.data instanceof Float32Array)) return sameElements(a, b)
  const other = b.data
  const close = (x: number, y: number) =>
    Object.is(x, y) || Math.abs(x - y) <= 1e-5 * Math.max(1, Math.abs(x))
  return a.data.length === other.length && a.data.every((x, i) => x === other[i] || close(x, other[i]))
}

function fixedInputs(model: Uint8Array, inputs: readonly Tensor[]): Record<string, Tensor> {
  const { graph } = decodeMessage(modelMessage, model)
  const constants = new Set(graph?.initializer?.map(({ name }) => name))
  const names = (graph?.input ?? []).map(({ name = '' }) => name).filter((name) => !constants.has(name))
  return Object.fromEntries(names.map((name, i) => [name, inputs[i]]))
}

/** The model without what it states about the types of results. */
function withoutTypes(bytes: Uint8Array): Uint8Array {
  const model = decodeMessage(modelMessage, bytes)
  const output = model.graph?.output?.map(({ name }) => ({ name }))
  return encodeMessage(modelMessage, { ...model, graph: { ...model.graph, output, valueInfo: [] } })
}
