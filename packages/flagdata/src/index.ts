export {
  Bloom,
  type BloomHeader,
  type BloomShape,
  bloomShape,
  falsePositiveRate,
} from './dedup/bloom/filter.ts'
export type { DedupConfig, DedupInput, ExactConfig, MinhashConfig } from './dedup/config.ts'
export { buildExactIndex, ExactSignatureWriter, findExactDuplicates } from './dedup/exact.ts'
export { type Bits64, findWithin, hammingDistance, uniqueSorted } from './dedup/hamming.ts'
export { decodeGrey } from './dedup/images/decode.ts'
export { type ImageHash, imageHash, toGrey } from './dedup/images/perceptualHash.ts'
export type { Grey } from './dedup/images/resize.ts'
export { findBucketPairs, SignatureWriter } from './dedup/minhash/buckets.ts'
export { type ClusterCounts, clusterPairs } from './dedup/minhash/clusters.ts'
export { Signer } from './dedup/minhash/signature.ts'
export { type Kmeans, type KmeansOptions, kmeans, type Matrix } from './dedup/semantic/kmeans.ts'
export {
  type SemanticDuplicate,
  type SemanticOptions,
  type SemanticResult,
  semanticDuplicates,
  type WhichToKeep,
} from './dedup/semantic/prune.ts'
export { type Embeddings, readEmbeddings } from './dedup/semantic/vectors.ts'
export { Fingerprinter, type SimhashConfig } from './dedup/simhash/fingerprint.ts'
export { type Corpus, type Keep, markedSpans, markRepeats } from './dedup/substrings/repeats.ts'
export { suffixArray } from './dedup/substrings/suffixArray.ts'
export { normalizeUrl, type UrlRules, urlRulesSchema } from './dedup/url.ts'
export type { Document, Json, Media } from './document.ts'
export { DataError } from './errors.ts'
export { type KubernetesOptions, writeKubernetes } from './executors/kubernetes.ts'
export { type RunOptions, type RunResult, run } from './executors/local.ts'
export type { Phase, Summary } from './executors/phases.ts'
export { type RayOptions, writeRay } from './executors/ray.ts'
export {
  type SlurmArray,
  type SlurmOptions,
  type SlurmTask,
  slurmTasks,
  submitSlurm,
} from './executors/slurm.ts'
export { type WorkOptions, work } from './executors/work.ts'
export * from './extract/index.ts'
export { buildNgramIndex } from './filters/decontamination/decontaminate.ts'
export {
  type EvaluationSet,
  evaluationSetSchema,
  readEvaluationSet,
  type Sample,
} from './filters/decontamination/evaluationSets.ts'
export { NgramIndex, type NgramRules } from './filters/decontamination/ngramIndex.ts'
export * from './filters/index.ts'
export { FastText, type OpenOptions, type Prediction } from './language/fastText/model.ts'
export { type Training, type TrainOptions, trainFastText } from './language/fastText/train.ts'
export { LanguageModel, type ScoreOptions } from './language/kenlm/model.ts'
export { languageModelPath, openLanguageModel } from './language/models.ts'
export * from './modifiers/index.ts'
export { defineStep, type StepDescription, type StepFactory } from './pipeline/define.ts'
export {
  condense,
  dedup,
  type Part,
  type Pipeline,
  pipeline,
  type ReadConfig,
  readArrow,
  readCsv,
  readFiles,
  readHuggingface,
  readJsonl,
  readParquet,
  readText,
  readTsv,
  readWarc,
  readWebDataset,
  type WriteConfig,
  writeArrow,
  writeCsv,
  writeJsonl,
  writeParquet,
  writeText,
  writeTokens,
  writeTsv,
  writeWebDataset,
} from './pipeline/pipeline.ts'
export { openRecipe, parseRecipe, type RecipePaths, shippedRecipes } from './pipeline/recipe.ts'
export { stepFactory, stepNames } from './pipeline/registry.ts'
export type { FaultStatistics, Statistics, StepStatistics } from './pipeline/statistics.ts'
export {
  type Change,
  type Count,
  customStep,
  type Outcome,
  type Removal,
  type Step,
} from './pipeline/step.ts'
export { simplify } from './text/simplify.ts'
export { Text } from './text/text.ts'
export type { Words } from './text/tokenizer.ts'
export type { Vocabulary } from './text/vocabulary.ts'
export { type MergeOptions, type MergeResult, mergeTokens } from './tokens/merge.ts'
export { openTokenizer, type TextTokenizer } from './tokens/tokenizer.ts'
