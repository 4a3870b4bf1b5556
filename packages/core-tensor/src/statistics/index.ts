/** Intervals, tests and corrections that evaluation and benchmarks share. */
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrap,
  bootstrapDifference,
  bootstrapMean,
} from './bootstrap.ts'
export { type McNemarResult, mcnemar, mcnemarOf } from './mcnemar.ts'
export { benjaminiHochberg, holm } from './multiple.ts'
export {
  nearestRank,
  type OrderStatisticInterval,
  quantile,
  quantileInterval,
  sorted,
} from './percentiles.ts'
export {
  detectableMean,
  detectablePairedDifference,
  detectableUnpairedDifference,
  type PowerOptions,
} from './power.ts'
export { clopperPearsonInterval, type Interval, wilsonInterval } from './proportions.ts'
export {
  type MannWhitneyResult,
  mannWhitney,
  midranks,
  type RankTestMethod,
  type RankTestOptions,
  type WilcoxonResult,
  wilcoxon,
} from './ranks.ts'
export {
  betaQuantile,
  binomialCdf,
  binomialPmf,
  binomialQuantile,
  erfc,
  incompleteBeta,
  logChoose,
  logGamma,
  normalCdf,
  normalQuantile,
  studentQuantile,
} from './special.ts'
