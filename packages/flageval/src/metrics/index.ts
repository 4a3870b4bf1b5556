export { matthews, positiveF1 } from './agreement.ts'
export * from './answers.ts'
export { bleu } from './bleu.ts'
export * from './calibration.ts'
export * from './choice.ts'
export { chrf } from './chrf.ts'
export * from './classification.ts'
export * from './clipScore.ts'
export * from './compositional.ts'
export type { Corpus } from './corpus.ts'
export { frechetDistance, type Gaussian, gaussianOf, kernelDistance } from './frechet.ts'
export { distanceThresholds, greatCircleDistance } from './geography.ts'
export * from './likelihood.ts'
export * from './multiLabel.ts'
export * from './passAtK.ts'
export { fitProbe, type Probe, type ProbeOptions, probeLogits, shots } from './probe.ts'
export {
  type RankOptions,
  type Ranks,
  rankBothWays,
  rankCandidates,
  rankOf,
  recallAt,
  type Ties,
  unitRows,
} from './ranking.ts'
export { translationEdits } from './translationEdits.ts'
