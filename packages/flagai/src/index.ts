export * from './layers/index.ts'
export * from './models/altclip/index.ts'
export * from './preprocess/index.ts'
export * from './search/index.ts'
