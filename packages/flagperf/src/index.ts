export { type Attribution, attribute, type FallbackNode, type NodeShare } from './attribution/attribute.ts'
export { type CountedWork, type ModelWork, modelWork } from './attribution/model.ts'
export { type NamedNode, readNodes } from './attribution/nodes.ts'
export { type ProfiledNode, readProfile } from './attribution/profile.ts'
export { type ModelProfile, type ProfileOptions, profileModel } from './attribution/run.ts'
export { type CountedNode, type TensorType, type Work, workOf } from './attribution/work.ts'
export { type InputOptions, makeInputs } from './cases/inputs.ts'
export { type CaseLimits, runCase } from './cases/runCase.ts'
export type { BaseSpec, CaseSpec, FaultSpec, ModelSpec } from './cases/spec.ts'
export { type Clock, monotonicClock } from './loadgen/clock.ts'
export type { Answer, Complete, QuerySample, SystemUnderTest } from './loadgen/driver.ts'
export { minPassingQueries, mostOverlatency, queriesNeeded } from './loadgen/earlyStopping.ts'
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
export { type Environment, environment, type Noise } from './results/environment.ts'
export { toMarkdown } from './results/markdown.ts'
export { toReport } from './results/page.ts'
export { type CaseRow, parseResult, type ResultFile, type Status } from './results/schema.ts'
export { type Discrepancy, verify } from './results/verify.ts'
