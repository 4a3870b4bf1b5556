export { foreignShare, warningsOf } from './datasets/checks.ts'
export type * from './datasets/dataset.ts'
export { type FormatOptions, loadFormat } from './datasets/formats/index.ts'
export { readDocuments } from './datasets/formats/tables.ts'
export {
  type ChoiceQuestion,
  type HumanEvalProblem,
  readCsem,
  readHumanEval,
  readImageEval,
} from './datasets/formats/texts.ts'
export { type DatasetName, datasets } from './datasets/index.ts'
export { toLmEval } from './export/lmEval.ts'
export { toClipBenchmark, toFlagEval } from './export/pictures.ts'
export * from './lmEval/index.ts'
export * from './metrics/index.ts'
export { adaptiveBytes } from './models/adaptiveBytes.ts'
export { type CommandOptions, commandModel } from './models/command.ts'
export { type GeneratingModel, openGeneratingModel, outputFiles } from './models/generating.ts'
export type { HttpOptions } from './models/http.ts'
export type {
  ContinuationScore,
  GenerationRequest,
  LanguageModel,
  ModelAnswer,
  ModelRequest,
} from './models/languageModel.ts'
export { type EmbeddingModel, openModel, type PictureInput } from './models/model.ts'
export { type OpenAIOptions, openAIModel } from './models/openai.ts'
export { type LanguageModelOptions, openLanguageModel } from './models/openLanguageModel.ts'
export { pixelVectors } from './models/pixels.ts'
export { answerServing, servingModel } from './models/serving.ts'
export { fromTokens, rollingWindows, type TokenModel, type TokenPair } from './models/tokenModel.ts'
export { vectorFiles } from './models/vectorFiles.ts'
export { type RecordKind, type RecordOf, type SampleRecord, sampleRecord } from './records/record.ts'
export { type BoardCell, boardOf } from './run/board.ts'
export { type Column, columnsOf, type System } from './run/columns.ts'
export { type Embed, evaluate } from './run/evaluate.ts'
export { RequestCache, requestKeyOf } from './run/requestCache.ts'
export { type ColumnResult, columnsNearChance, resultsOf } from './run/results.ts'
export { type RunInfo, type RunOptions, run } from './run/run.ts'
export { type PromptResults, type PromptRunOptions, runPrompts } from './run/runPrompts.ts'
export { type ColumnLog, readLog } from './run/sampleLog.ts'
export type { Subject } from './run/scoring.ts'
export { openRun, validate } from './run/validate.ts'
export { type CodeOptions, type CodeProblem, passAtKMetric, runProblems } from './sandbox/codeTasks.ts'
export {
  canRun,
  type Isolation,
  isolation,
  type ProgramResult,
  runProgram,
  type SandboxLimits,
} from './sandbox/sandbox.ts'
export { type Metric, metricOf, metrics } from './score/metrics.ts'
export { type Comparison, compare, type Score, score } from './score/score.ts'
export { answering } from './serve/answering.ts'
export type { ServedTask } from './serve/answers.ts'
export type { ListenOptions, RunningServer } from './serve/listen.ts'
export { retrievalTasks } from './serve/retrievalTask.ts'
export { type ServeOptions, serve } from './serve/server.ts'
export { type TakePartOptions, takePart } from './serve/takePart.ts'
export { type CatalogueEntry, catalogue } from './tasks/catalogue.ts'
export { allTasks, type BoardTask, findTasks, readTasks, suites, type Task, type Tier } from './tasks/task.ts'
export * from './wrappers/index.ts'
