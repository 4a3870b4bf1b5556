export { type Activation, activationNames, activations } from './activation.ts'
export {
  type AttentionScopes,
  attention,
  type ProjectionScopes,
  paddingBias,
  project,
} from './attention.ts'
export { gridRotation } from './gridRotation.ts'
export { layerNorm } from './layerNorm.ts'
export { embedding, linear, parameter } from './linear.ts'
export { mlp } from './mlp.ts'
export { patchEmbedding, resizePositions } from './patches.ts'
export { rmsNorm } from './rmsNorm.ts'
export { packedSwiglu, swiglu } from './swiglu.ts'
