import { addDims, type Dim, floorDivDims, mulDims, normalizeAxis } from '../graph/dims.ts'
import type { ValueType } from '../graph/graph.ts'
import { type Application, defineOperators, inputOf, intOf, notDifferentiable } from '../graph/operator.ts'
import type { SignalOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx } from '../onnx/dtypes.ts'
import { constantInts, freshDim, sizesIn } from './sizes.ts'

const fixed = notDifferentiable('its result depends on sizes only')
const transform = notDifferentiable('write it as a product with the matrix of the transform')

const outputDType = ({ attributes }: Application) => dtypeFromOnnx(intOf(attributes, 'output_datatype', 1))

const window = {
  infer: (application: Application): ValueType[] => [
    { dtype: outputDType(application), shape: [sizesIn(application, 0)[0]] },
  ],
  gradient: fixed,
}

/** Frequencies of a real signal, whose other half is the mirror image. */
const half = (length: Dim): Dim => addDims(floorDivDims(length, 2), 1)

function inferDFT(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const { attributes } = application
  const given = application.inputs[2] ? constantInts(application, 2)[0] : undefined
  const axis = normalizeAxis(given ?? intOf(attributes, 'axis', application.opset < 20 ? 1 : -2), x.rank)
  const oneSided = intOf(attributes, 'onesided', 0) === 1
  const back = oneSided && intOf(attributes, 'inverse', 0) === 1
  const natural = back ? mulDims(addDims(x.shape[axis], -1), 2) : x.shape[axis]
  const length = application.inputs[1] ? sizesIn(application, 1)[0] : natural
  // Back from half the frequencies comes a real signal.
  const shape: Dim[] = [...x.shape.slice(0, -1), back ? 1 : 2]
  shape[axis] = oneSided && !back ? half(length) : length
  return [{ dtype: x.dtype, shape }]
}

function inferSTFT(application: Application): ValueType[] {
  const [x, window] = [inputOf(application, 0), application.inputs[2]]
  const [step] = sizesIn(application, 1)
  const length = application.inputs[3] ? sizesIn(application, 3)[0] : (window?.shape[0] ?? x.shape[1])
  const known = typeof length === 'number' && typeof step === 'number'
  const frames = known
    ? addDims(floorDivDims(addDims(x.shape[1], -length), step), 1)
    : freshDim(x.graph, 'STFT')
  const bins = intOf(application.attributes, 'onesided', 1) === 1 ? half(length) : length
  return [{ dtype: x.dtype, shape: [x.shape[0], frames, bins, 2] }]
}

export const signalOperators = defineOperators<SignalOperator>({
  BlackmanWindow: window,
  HammingWindow: window,
  HannWindow: window,
  MelWeightMatrix: {
    infer: (application) => {
      const [bins, length] = [sizesIn(application, 0)[0], sizesIn(application, 1)[0]]
      return [{ dtype: outputDType(application), shape: [half(length), bins] }]
    },
    gradient: fixed,
  },
  DFT: { infer: inferDFT, gradient: transform },
  STFT: { infer: inferSTFT, gradient: transform },
})
