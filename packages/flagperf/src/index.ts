export { type Adapter, type Ceiling, defineAdapter, type Extent } from './adapters/adapter.ts'
export { type AdapterReport, type Check, checkAdapter } from './adapters/check.ts'
export { adapters, findAdapter } from './adapters/index.ts'
export { type Attribution, attribute, type FallbackNode, type NodeShare } from './attribution/attribute.ts'
export { type CountedWork, type ModelWork, modelWork } from './attribution/model.ts'
export { type NamedNode, readNodes } from './attribution/nodes.ts'
export { type ProfiledNode, readProfile } from './attribution/profile.ts'
export { type ModelProfile, type ProfileOptions, profileModel } from './attribution/run.ts'
export { type CountedNode, type TensorType, type Work, workOf } from './attribution/work.ts'
export type { TextGenerator } from './cases/generate/generator.ts'
export { type Endpoint, openAiGenerator } from './cases/generate/openAi.ts'
export { loadGenerator } from './cases/generate.ts'
export { type InputOptions, makeInputs } from './cases/inputs.ts'
export { type CaseLimits, runCase } from './cases/runCase.ts'
export type {
  BaseSpec,
  CaseSpec,
  ColdSpec,
  EnergySpec,
  FaultSpec,
  GenerateSpec,
  ModelSpec,
  OpenSpec,
  OpSpec,
  SoakSpec,
  TrainSpec,
} from './cases/spec.ts'
export type { Tier } from './cases/tiers.ts'
export type { TrainRun, TrainTask } from './cases/train/task.ts'
export { type CompareOptions, type Comparison, compareSubjects } from './compare/compare.ts'
export {
  type ComparisonNumbers,
  comparisonNumbers,
  type RatioInterval,
  type Verdict,
} from './compare/judge.ts'
export { comparisonPlans } from './compare/plans.ts'
export type { Agreement, Block, ComparisonPlan, ComparisonRaw } from './compare/schema.ts'
export type { ModelSubject, ModuleSubject, Subject } from './compare/subject.ts'
export { type FlagperfCase, type FlagperfConfig, readFlagperfConfig } from './flagperfFiles/config.ts'
export { type FlagperfTable, quantityOf, readFlagperfTables } from './flagperfFiles/tables.ts'
export { toFlagperf } from './flagperfFiles/writeTables.ts'
export { type Clock, monotonicClock } from './loadgen/clock.ts'
export {
  type ComplianceCheck,
  complianceSettings,
  type TokenAnswer,
  verifyAccuracyInPerformanceMode,
  verifyAccuracyOfAll,
  verifyNoCaching,
  verifyOutputLength,
  verifyTokens,
} from './loadgen/compliance.ts'
export type { Answer, Complete, FirstToken, QuerySample, SystemUnderTest } from './loadgen/driver.ts'
export { minPassingQueries, mostOverlatency, queriesNeeded } from './loadgen/earlyStopping.ts'
export {
  findPeakPerformance,
  type PeakPerformance,
  type PeakSearch,
  type PeakSearchOptions,
  type TriedRate,
} from './loadgen/findPeak.ts'
export {
  type LoadTest,
  type LoadTestOptions,
  runLoadTest,
  type SampleLibrary,
  writeLogs,
} from './loadgen/loadTest.ts'
export {
  type LoadableSet,
  loadableSets,
  type PlannedQuery,
  planQueries,
  type QueryPlan,
} from './loadgen/queries.ts'
export type { MeasuredRun, RunError, RunRecord } from './loadgen/record.ts'
export {
  type EarlyStopping,
  type LatencyStatistics,
  type LoadResult,
  latencyStatistics,
  reportedPercentiles,
  resultOf,
  type TokenResult,
} from './loadgen/result.ts'
export {
  defaultSettings,
  type EffectiveSettings,
  effectiveSettings,
  type Mode,
  type SampleCounts,
  type Scenario,
  type TestSettings,
} from './loadgen/settings.ts'
export { type WorkerSystem, type WorkerSystemOptions, workerSystem } from './loadgen/workerSystem.ts'
export { type Background, startBackground } from './monitors/background.ts'
export type { Monitor, Reading, Watch, Watched } from './monitors/monitor.ts'
export { integralOf, type MonitorSeries, summaryOf } from './monitors/series.ts'
export { type BaseNumbers, type BaseRaw, baseNumbers } from './results/base.ts'
export { type Ceilings, ceilingsOf } from './results/ceilings.ts'
export { type ColdNumbers, type ColdRaw, coldNumbers } from './results/cold.ts'
export { type ModelNumbers, modelNumbers } from './results/derive.ts'
export { type EnergyNumbers, type EnergyRaw, energyNumbers, type Meter } from './results/energy.ts'
export { type Environment, environment, type Noise } from './results/environment.ts'
export {
  type GenerateNumbers,
  type GenerateRaw,
  generateNumbers,
  type Percentiles,
} from './results/generate.ts'
export { toMarkdown } from './results/markdown.ts'
export { toMllog } from './results/mllog.ts'
export { type OpNumbers, type OpRaw, opNumbers } from './results/op.ts'
export { toReport } from './results/page.ts'
export { type Bound, type Roofline, type RooflinePoint, roofline } from './results/roofline.ts'
export {
  type CaseRaw,
  type CaseRow,
  type ModelRaw,
  parseResult,
  type ResultFile,
  type Status,
} from './results/schema.ts'
export { type SoakNumbers, type SoakRaw, soakNumbers } from './results/soak.ts'
export { type TrainNumbers, type TrainRaw, type TrainTarget, trainNumbers } from './results/train.ts'
export { type Discrepancy, verify } from './results/verify.ts'
export { dominates, type Objectives, objectivesOf, paretoFront } from './sweep/pareto.ts'
export { type Setting, type SweepAxes, type SweepOptions, sweep } from './sweep/sweep.ts'
