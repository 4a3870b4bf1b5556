export { type EVABody, type EVAConfig, type EVAHead, parseEVAConfig } from './config.ts'
export { EVA, type EVAClass, type EVAOptions } from './eva.ts'
export { evaParameters } from './parameters.ts'
export { evaModels } from './published.ts'
