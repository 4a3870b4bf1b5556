import type { DType, ExecutionProvider } from '@flag/core-tensor'
import type { TestSettings } from '../loadgen/settings.ts'
import type { BaseDType, BaseProbe } from '../results/base.ts'
import type { Ceilings } from '../results/ceilings.ts'
import type { GenerateLimits } from '../results/generate.ts'
import type { CaseRaw, CaseRow } from '../results/schema.ts'
import type { NodeSource } from './op/modelNodes.ts'

/** A model under a load. */
export interface ModelSpec extends OpenSpec {
  readonly kind: 'model'
  /** LoadGen's settings; seeds are those of its mlperf.conf. */
  readonly settings: Partial<Omit<TestSettings, `${string}Seed`>>
  /** Runs that the profiler watches. */
  readonly profiledRuns: number
  /** Of the chip, to put the nodes under. */
  readonly ceilings?: Ceilings
}

/** A property of the machine. */
export interface BaseSpec {
  readonly kind: 'base'
  readonly probe: BaseProbe
  /** Of products; fp32 by default. */
  readonly dtype?: BaseDType
  readonly provider: ExecutionProvider
  readonly providerOptions?: Readonly<Record<string, unknown>>
  readonly threads: number
  /** `gemm`: rows and columns; `launch`: nodes of the longer chain; all others: bytes, of `capacity` at most. */
  readonly size: number
  readonly runs: number
}

/** One operator. */
export interface OpSpec {
  readonly kind: 'op'
  /** The set that the operator is of, or the model whose node it is. */
  readonly from: 'onnx' | 'flagperf' | NodeSource
  /** Its name in the set, or what tells the node from others. */
  readonly operator: string
  /** Of the arguments that may have several types; a node has its own. */
  readonly dtype: DType
  /** The largest argument has about size² elements; a node has its own. */
  readonly size: number
  readonly provider: ExecutionProvider
  readonly providerOptions?: Readonly<Record<string, unknown>>
  readonly threads: number
  readonly runs: number
}

/** A model, and how it is opened. */
export interface OpenSpec {
  readonly model: string
  readonly provider: ExecutionProvider
  readonly providerOptions?: Readonly<Record<string, unknown>>
  readonly threads: number
  readonly sizes: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
}

/** How long a model takes to its first result in a new process. */
export interface ColdSpec extends OpenSpec {
  readonly kind: 'cold'
  readonly processes: number
  /** Whether weights are copied into the layout that kernels like best. */
  readonly packWeights?: boolean
}

/** Whether a model that runs over and over takes more and more memory. */
export interface SoakSpec extends OpenSpec {
  readonly kind: 'soak'
  readonly seconds: number
  readonly intervalMs: number
  /** Opens the model anew for every run. */
  readonly reopen: boolean
}

/** What a run of a model takes of energy. */
export interface EnergySpec extends OpenSpec {
  readonly kind: 'energy'
  readonly seconds: number
  readonly idleSeconds: number
}

/** A training. */
export interface TrainSpec {
  readonly kind: 'train'
  /** Its name, or the path of a module that exports a `TrainTask` as its default. */
  readonly task: string
  readonly steps: number
  readonly evaluateEvery: number
  readonly threads: number
  readonly provider: ExecutionProvider
  readonly seed: number
}

/** A generator of text under load. */
export interface GenerateSpec {
  readonly kind: 'generate'
  readonly target:
    | { readonly kind: 'dummy'; readonly firstMs: number; readonly nextMs: number }
    | {
        readonly kind: 'openai'
        readonly url: string
        readonly model: string
        /** Variable of the environment that holds the key. */
        readonly keyVariable?: string
      }
  readonly prompts: readonly string[]
  readonly requests: number
  readonly load: { readonly concurrency: number } | { readonly ratePerSecond: number; readonly seed: number }
  readonly maxTokens: number
  readonly limits: GenerateLimits
}

/** Ends in a way that a case must not; for tests of what contains it. */
export interface FaultSpec {
  readonly kind: 'fault'
  readonly fault: 'abort' | 'exit' | 'hang' | 'memory' | 'throw'
}

export type CaseSpec =
  | ModelSpec
  | BaseSpec
  | OpSpec
  | ColdSpec
  | SoakSpec
  | EnergySpec
  | TrainSpec
  | GenerateSpec
  | FaultSpec

/** Several cases one after the other in one process. */
export interface BatchSpec {
  readonly kind: 'batch'
  readonly specs: readonly CaseSpec[]
}

/** What became of one case of several. */
export type Outcome = { readonly raw: CaseRaw } | { readonly failure: string }

/** What a case's process sends back. */
export type CaseReply =
  | { readonly type: 'memory'; readonly bytes: number }
  | { readonly type: 'result'; readonly noise: CaseRow['noise']; readonly raw: CaseRaw }
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  | { readonly type: 'done' }
  | { readonly type: 'error'; readonly message: string; readonly stack?: string }
