export { CLIP } from './clip.ts'
export { type CLIPConfig, type CLIPTextConfig, parseCLIPConfig, type VisionConfig } from './config.ts'
export { clipParameters } from './model.ts'
