export { foreignShare, warningsOf } from './datasets/checks.ts'
export { type FormatOptions, loadFormat } from './datasets/formats/index.ts'
export {
  type ChoiceQuestion,
  type HumanEvalProblem,
  readCsem,
  readDocuments,
  readHumanEval,
  readImageEval,
} from './datasets/formats/texts.ts'
export type {
  BitextData,
  ClassificationData,
  Dataset,
  Episodes,
  FoilsData,
  MultiLabelData,
  PairsData,
  Picture,
  ProbeData,
  References,
  RetrievalData,
} from './datasets/index.ts'
export { type DatasetName, datasets } from './datasets/index.ts'
export * from './metrics/index.ts'
export { type EmbeddingModel, openModel, type PictureInput } from './models/model.ts'
export { pixelVectors } from './models/pixels.ts'
export { type RecordKind, type RecordOf, type SampleRecord, sampleRecord } from './records/record.ts'
export { type BoardCell, boardOf } from './run/board.ts'
export { type Column, columnsOf, type System } from './run/columns.ts'
export { type Embed, evaluate } from './run/evaluate.ts'
export { type ColumnResult, columnsNearChance, resultsOf } from './run/results.ts'
export { type RunInfo, type RunOptions, run } from './run/run.ts'
export { type ColumnLog, readLog } from './run/sampleLog.ts'
export { openRun, validate } from './run/validate.ts'
export { type Metric, metricOf, metrics } from './score/metrics.ts'
export { type Comparison, compare, type Score, score } from './score/score.ts'
export { type CatalogueEntry, catalogue } from './tasks/catalogue.ts'
export { allTasks, type BoardTask, findTasks, readTasks, suites, type Task, type Tier } from './tasks/task.ts'
