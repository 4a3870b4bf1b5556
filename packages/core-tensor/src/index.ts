export { prepareCacheFolder } from './cacheFolder.ts'
export { writeAll, writeAtomically } from './checkpoint/atomic.ts'
export * from './checkpoint/checkpoint.ts'
export { type Conversion, type ConvertOptions, convertCheckpoint } from './checkpoint/convert.ts'
export { loadNpy, npyBytes, parseNpy, writeNpy, writeNpz } from './checkpoint/npy.ts'
export { openCheckpoint } from './checkpoint/open.ts'
export {
  type TensorLayout,
  type WriteTensor,
  writeSafetensors,
  writeSafetensorsParts,
} from './checkpoint/safetensors.ts'
export { type ByteSource, memorySource } from './checkpoint/source.ts'
export { readZip, readZipEntry, type ZipEntry } from './checkpoint/zip.ts'
export * from './errors.ts'
export * from './grad/gradient.ts'
export { remat } from './grad/remat.ts'
export * from './graph/dims.ts'
export * from './graph/graph.ts'
export * from './graph/operator.ts'
export * from './graph/scope.ts'
export * from './graph/trace.ts'
export * from './graph/tree.ts'
export { type DecodeOptions, decodeModel, type LoadedModel } from './onnx/decode.ts'
export { type EncodeOptions, encodeModel, type NamedValue } from './onnx/encode.ts'
export { loadOnnx, type SaveOptions, saveOnnx } from './onnx/file.ts'
export { type ModelSummary, type Port, summarize } from './onnx/inspect.ts'
export { decodeMessage, encodeMessage, type Message, message } from './onnx/wire.ts'
export * as ops from './ops/index.ts'
export type { WeightPrecision, WeightRole } from './quantize/forms.ts'
export {
  conversionsOf,
  convertedLayout,
  type WeightConversion,
  withConverted,
  writeConverted,
} from './quantize/weights.ts'
export { type CompiledFunction, type CompileOptions, compile, evaluate, isTensor } from './runtime/compile.ts'
export { prepareThreads } from './runtime/host.ts'
export { Kernel } from './runtime/kernel.ts'
export { moduleWorker } from './runtime/moduleWorker.ts'
export {
  type ExecutionProvider,
  executionProviders,
  type Fallback,
  type ProviderProbe,
  probeProvider,
} from './runtime/providers.ts'
export { createSession, type Session, type SessionOptions } from './runtime/session.ts'
export type { SessionPoolOptions } from './runtime/sessionPool.ts'
export * from './tensor/dtype.ts'
export * from './tensor/generator.ts'
export * from './tensor/tensor.ts'
export { accumulateGradients } from './train/accumulate.ts'
export * from './train/clip.ts'
export * from './train/descent.ts'
export * from './train/optimizers.ts'
export * from './train/schedules.ts'
export { type CompiledStep, compileStep } from './train/step.ts'
