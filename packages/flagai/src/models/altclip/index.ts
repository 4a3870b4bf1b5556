export { AltCLIP } from './altclip.ts'
export { type AltCLIPConfig, parseAltCLIPConfig, type TextConfig } from './config.ts'
export { altCLIPParameters, initialParameters } from './init.ts'
