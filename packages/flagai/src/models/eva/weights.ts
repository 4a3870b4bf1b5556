import type { Checkpoint } from '@flag/core-tensor'
import { bindParameters, type Weights } from '../bind.ts'
import type { EVAConfig } from './config.ts'
import { evaBuffers, evaParameters, evaSpellings } from './parameters.ts'

/** Finds a backbone's parameters in a checkpoint of the original code or of timm; see `bindParameters`. */
export const findWeights = (checkpoint: Checkpoint, config: EVAConfig, file: string): Promise<Weights> =>
  bindParameters(checkpoint, evaParameters(config), {
    file,
    model: 'EVA',
    spellings: evaSpellings,
    ignored: evaBuffers,
  })
