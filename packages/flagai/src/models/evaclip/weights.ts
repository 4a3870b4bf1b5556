import type { Checkpoint } from '@flag/core-tensor'
import { bindParameters, type Weights } from '../bind.ts'
import { evaBuffers } from '../eva/parameters.ts'
import type { EVACLIPConfig } from './config.ts'
import { evaCLIPParameters, evaCLIPSpellings } from './parameters.ts'

/** Rotary tables, masks and position numbers, which are computed here. */
export const ignored = new RegExp(`${evaBuffers.source}|position_ids$|attn_mask$`)

/** Finds a model's parameters in a checkpoint of the original code, open_clip or transformers; see `bindParameters`. */
export const findWeights = (checkpoint: Checkpoint, config: EVACLIPConfig, file: string): Promise<Weights> =>
  bindParameters(checkpoint, evaCLIPParameters(config), {
    file,
    model: 'EVA-CLIP',
    spellings: evaCLIPSpellings,
    ignored,
  })
