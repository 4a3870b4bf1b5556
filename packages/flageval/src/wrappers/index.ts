export * from './perturbations.ts'
export * from './texts.ts'
export { worstCase } from './worstCase.ts'
