export * from './errors.ts'
export * from './tensor/dtype.ts'
export * from './tensor/tensor.ts'
