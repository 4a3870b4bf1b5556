export {
  type CachedModel,
  cachedModels,
  type DownloadProgress,
  type Environment,
  type FileChoice,
  HubError,
  type HubOptions,
  type Snapshot,
  type SnapshotOptions,
  snapshotDownload,
} from './hub/index.ts'
export * from './layers/index.ts'
export * from './models/altclip/index.ts'
export { modelFolder } from './models/folder.ts'
export * from './preprocess/index.ts'
export * from './search/index.ts'
export * from './tokenizers/index.ts'
