export * from './perturbations.ts'
export { perturbData } from './perturbData.ts'
export * from './texts.ts'
export { worstCase } from './worstCase.ts'
