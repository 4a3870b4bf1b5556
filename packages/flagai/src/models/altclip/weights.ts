import type { Checkpoint } from '@flag/core-tensor'
import { bindParameters, type Weights } from '../bind.ts'
import type { AltCLIPConfig } from './config.ts'
import { altCLIPParameters } from './init.ts'

/**
 * The ways in which one parameter is named. Published files have `layer` in the text tower and `layers` in the
 * vision tower; transformers 5 has `layers` in memory and writes `layer`, in both.
 */
export const spellings = (name: string): string[] => [
  name,
  name.replace('.encoder.layer.', '.encoder.layers.'),
  name.replace('.encoder.layers.', '.encoder.layer.'),
]

/** Buffers, XLM-R's pooler, which AltCLIP has no use for, and the layer that only image generation uses. */
export const ignored = /position_ids$|\.pooler\.dense\.|\.transformation_pre\./

/** Finds a model's parameters in a checkpoint that transformers or FlagAI wrote; see `bindParameters`. */
export const findWeights = (checkpoint: Checkpoint, config: AltCLIPConfig, file: string): Promise<Weights> =>
  bindParameters(checkpoint, altCLIPParameters(config), { file, model: 'AltCLIP', spellings, ignored })
