export { type CachedModel, cachedModels } from './cached.ts'
export type { Environment } from './environment.ts'
export { HubError } from './faults.ts'
export type { FileChoice } from './select.ts'
export {
  type DownloadProgress,
  type HubOptions,
  type Snapshot,
  type SnapshotOptions,
  snapshotDownload,
} from './snapshot.ts'
