export { type Attribution, attribute, type FallbackNode, type NodeShare } from './attribution/attribute.ts'
export { type CountedWork, type ModelWork, modelWork } from './attribution/model.ts'
export { type NamedNode, readNodes } from './attribution/nodes.ts'
export { type ProfiledNode, readProfile } from './attribution/profile.ts'
export { type ModelProfile, type ProfileOptions, profileModel } from './attribution/run.ts'
export { type CountedNode, type TensorType, type Work, workOf } from './attribution/work.ts'
export { type InputOptions, makeInputs } from './cases/inputs.ts'
export { type CaseLimits, runCase } from './cases/runCase.ts'
export type { BaseSpec, CaseSpec, FaultSpec, ModelSpec } from './cases/spec.ts'
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
export type { Answer, Complete, QuerySample, SystemUnderTest } from './loadgen/driver.ts'
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
export { type Environment, environment, type Noise } from './results/environment.ts'
export { toMarkdown } from './results/markdown.ts'
export { toMllog } from './results/mllog.ts'
export { toReport } from './results/page.ts'
export { type CaseRow, parseResult, type ResultFile, type Status } from './results/schema.ts'
export { type Discrepancy, verify } from './results/verify.ts'
export { dominates, type Objectives, objectivesOf, paretoFront } from './sweep/pareto.ts'
export { type Setting, type SweepAxes, type SweepOptions, sweep } from './sweep/sweep.ts'
