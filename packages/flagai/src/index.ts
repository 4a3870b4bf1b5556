export * from './hub/index.ts'
export * from './layers/index.ts'
export * from './models/altclip/index.ts'
export * as altclip from './models/altclip/model.ts'
export { CheckpointMismatchError, type Mismatch } from './models/bind.ts'
export * from './models/clip/index.ts'
export * as clip from './models/clip/model.ts'
export {
  DualEncoder,
  type EncodeOptions,
  type PretrainedOptions,
  type ZeroShotOptions,
  type ZeroShotScore,
} from './models/dualEncoder.ts'
export * from './models/eva/index.ts'
export * from './models/evaclip/index.ts'
export { type Exportable, type ExportOptions, exportOnnx, type Tower } from './models/export.ts'
export { modelFolder } from './models/folder.ts'
export { type ConversionProgress, type ModelDType, modelDTypes } from './models/precision.ts'
export * from './preprocess/index.ts'
export * from './search/index.ts'
export * from './tokenizers/index.ts'
