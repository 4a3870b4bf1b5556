import type { ExecutionProvider } from '@flag/core-tensor'
import type { TrainTarget } from '../../results/train.ts'

/** A training that is measured: the default export of a module, or a task that comes with the package. */
export interface TrainTask {
  readonly name: string
  /** Examples in a batch. */
  readonly batchSize: number
  /** The quality at which a run is done. */
  readonly target?: TrainTarget
  start(options: {
    readonly threads: number
    readonly provider: ExecutionProvider
    readonly seed: number
  }): Promise<TrainRun>
}

/** A training under way. */
export interface TrainRun {
  /** Does step number `step` and gives its loss. */
  step(step: number): Promise<number>
  /** The quality now, in the target's metric. */
  evaluate?(): Promise<number>
  dispose(): Promise<void>
}
