import {
  type Checkpoint,
  constant,
  currentGraph,
  FlagError,
  formatDims,
  isFloat,
  type Scope,
  scopeOver,
  type Tensor,
} from '@flag/core-tensor'
import type { AltCLIPConfig } from './config.ts'
import { altCLIPParameters } from './init.ts'

/** The parameters of a model, found in a checkpoint. */
export interface AltCLIPWeights {
  /** Names as in `altCLIPParameters`, whatever the checkpoint puts before them. */
  readonly scope: Scope
  /** Tensors of the checkpoint that the model does not use. */
  readonly unused: readonly string[]
  read(name: string): Promise<Tensor>
}

/** Names by which a checkpoint of this model is recognised, under whatever prefix they stand. */
const anchors = ['logit_scale', 'visual_projection.weight', 'text_model.transformation.weight']

/** What trainers put before all names: nothing, or wrappers such as `module.` and `state_dict.`. */
function prefixesOf({ names }: Checkpoint): string[] {
  const found = names.flatMap((name) =>
    anchors
      .filter((anchor) => name === anchor || name.endsWith(`.${anchor}`))
      .map((anchor) => name.slice(0, -anchor.length)),
  )
  return [...new Set(['', ...found])]
}

/**
 * The ways in which one parameter is named. Published files have `layer` in the text tower and `layers` in the
 * vision tower; transformers 5 has `layers` in memory and writes `layer`, in both.
 */
const spellings = (name: string): string[] => [
  name,
  name.replace('.encoder.layer.', '.encoder.layers.'),
  name.replace('.encoder.layers.', '.encoder.layer.'),
]

/** The checkpoint's name for each parameter that it has. */
function namesIn(checkpoint: Checkpoint, required: readonly string[]): Map<string, string> {
  const candidates = prefixesOf(checkpoint).map((prefix) => {
    const pairs = required.flatMap((name): [string, string][] => {
      const spelt = spellings(prefix + name).find((other) => checkpoint.has(other))
      return spelt === undefined ? [] : [[name, spelt]]
    })
    return new Map(pairs)
  })
  return candidates.reduce((best, names) => (names.size > best.size ? names : best))
}

/**
 * Finds a model's parameters in a checkpoint that transformers or FlagAI wrote: names under any prefix; buffers
 * (`position_ids`), XLM-R's unused pooler and the layer that only image generation uses are left alone. Weights stay
 * in their files; those that do not lie there as raw bytes are read.
 *
 * `file` is named in messages. Throws `not-found` when parameters are missing, `shape-mismatch` and `dtype-mismatch`
 * when they are not what the configuration says.
 */
export async function findWeights(
  checkpoint: Checkpoint,
  config: AltCLIPConfig,
  file: string,
): Promise<AltCLIPWeights> {
  const table = altCLIPParameters(config)
  const required = Object.keys(table)
  const names = namesIn(checkpoint, required)
  const used = new Set(names.values())
  const unused = checkpoint.names.filter((name) => !used.has(name))
  const missing = required.filter((name) => !names.has(name))
  if (missing.length > 0) {
    throw new FlagError('not-found', `${file}: ${listOf(missing)} missing`, {
      hint:
        names.size === 0
          ? `${listOf(checkpoint.names)} there: are these the weights of an AltCLIP model?`
          : `${listOf(unused)} there and not used: does config.json belong to these weights?`,
    })
  }
  const inMemory = new Map<string, Tensor>()
  for (const [name, stored] of names) {
    const { dtype, shape, source } = checkpoint.info(stored)
    if (shape.join() !== table[name].shape.join()) {
      throw new FlagError(
        'shape-mismatch',
        `${file}: ${stored} is ${formatDims(shape)}, by config.json it should be ${formatDims(table[name].shape)}`,
        { hint: 'use the config.json that was published with these weights' },
      )
    }
    if (!isFloat(dtype)) {
      throw new FlagError(
        'dtype-mismatch',
        `${file}: ${stored} is ${dtype}, expected floating point numbers`,
        {
          hint: 'quantised checkpoints are not supported: use the original weights',
        },
      )
    }
    if (!source) inMemory.set(name, await checkpoint.read(stored))
  }
  const storedName = (name: string) => {
    const stored = names.get(name)
    if (stored === undefined) throw new FlagError('not-found', `AltCLIP has no parameter "${name}"`)
    return stored
  }
  const scope = scopeOver(
    (name) => names.has(name),
    (name) => {
      const tensor = inMemory.get(name)
      return tensor ? constant(tensor) : currentGraph().stored(checkpoint.info(storedName(name)))
    },
  )
  return { scope, unused, read: async (name) => checkpoint.read(storedName(name)) }
}

/** `tensor a is`, or `tensors a, b, c and 12 more are`. */
function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'no tensor is'
  if (names.length === 1) return `tensor ${names[0]} is`
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  return `tensors ${names.slice(0, 3).join(', ')}${more} are`
}
