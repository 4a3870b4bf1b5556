export {
  AltCLIP,
  type EncodeOptions,
  type PretrainedOptions,
  type ZeroShotOptions,
  type ZeroShotScore,
} from './altclip.ts'
export { type AltCLIPConfig, parseAltCLIPConfig, type TextConfig } from './config.ts'
export { altCLIPParameters, initialParameters } from './init.ts'
