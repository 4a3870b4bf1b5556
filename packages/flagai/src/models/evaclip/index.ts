export { type EVACLIPConfig, parseEVACLIPConfig } from './config.ts'
export { EVACLIP, type EVACLIPOptions } from './evaclip.ts'
export { evaCLIPParameters } from './parameters.ts'
export { evaCLIPModels } from './published.ts'
