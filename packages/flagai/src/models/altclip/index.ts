export {
  AltCLIP,
  type EncodeOptions,
  type PretrainedOptions,
  type ZeroShotOptions,
  type ZeroShotScore,
} from './altclip.ts'
export { type AltCLIPConfig, parseAltCLIPConfig, type TextConfig, type VisionConfig } from './config.ts'
export { altCLIPParameters, initialParameters, type ParameterSpec } from './init.ts'
export {
  imageEmbeds,
  imageLogits,
  type TowerOptions,
  type TowerOutput,
  textEmbeds,
  textTokens,
  textTower,
  visionTower,
} from './model.ts'
