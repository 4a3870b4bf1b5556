export * from './preprocess/index.ts'
