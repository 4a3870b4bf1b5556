export { describeGroups, describeTask, type GroupInfo, type PromptedInfo } from './describe.ts'
export type { DataFolders } from './documents.ts'
export { groupsOf, isGroup, isLmEvalFile, loadTasks, type TaskGroup, tasksOf } from './load.ts'
export { lmEvalResults, lmEvalSamples, promptedMetrics, type ScoredTask } from './results.ts'
export { recordsOf, runTask } from './run.ts'
export {
  type DocRequests,
  type ModelRequest,
  type PromptTask,
  type RequestOptions,
  requestsOf,
} from './task.ts'
