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
import type { ParameterTable } from './parameters.ts'

/** The parameters of a model, found in a checkpoint. */
export interface Weights {
  /** Names as in the parameter table, whatever the checkpoint calls them and puts before them. */
  readonly scope: Scope
  /** Tensors of the checkpoint that the model does not use. */
  readonly unused: readonly string[]
  read(name: string): Promise<Tensor>
}

export interface BindOptions {
  /** The file or folder, named in messages. */
  readonly file: string
  /** What the model is called, named in messages: `AltCLIP`. */
  readonly model: string
  /** The names under which a parameter may be stored, the likeliest first. Default: its own only. */
  readonly spellings?: (name: string) => readonly string[]
  /** Tensors that published files have and the model does not need: buffers, heads for other uses. */
  readonly ignored?: RegExp
}

/** A tensor whose shape is not what the configuration says. */
export interface Mismatch {
  readonly name: string
  readonly found: readonly number[]
  readonly expected: readonly number[]
}

/** A checkpoint does not belong to the configuration. The lists are complete; the message names the first of each. */
export class CheckpointMismatchError extends FlagError {
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly mismatched: readonly Mismatch[]

  constructor(
    { file, model }: BindOptions,
    lists: { missing: string[]; unexpected: string[]; mismatched: Mismatch[]; found: number },
  ) {
    const { missing, unexpected, mismatched, found } = lists
    const shapes = mismatched.map(
      ({ name, found, expected }) => `${name} ${formatDims(found)} (expected ${formatDims(expected)})`,
    )
    const parts = [
      ...(missing.length > 0 ? [`${missing.length} missing: ${firstOf(missing)}`] : []),
      ...(unexpected.length > 0 ? [`${unexpected.length} unexpected: ${firstOf(unexpected)}`] : []),
      ...(shapes.length > 0 ? [`${shapes.length} of another shape: ${firstOf(shapes)}`] : []),
    ]
    super(
      mismatched.length > 0 && missing.length === 0 ? 'shape-mismatch' : 'not-found',
      `${file}: the tensors are not those of the configuration; ${parts.join('; ')}`,
      {
        hint:
          found === 0
            ? `none of ${model}'s parameters is there: are these its weights?`
            : 'use the config.json that was published with these weights',
      },
    )
    this.missing = missing
    this.unexpected = unexpected
    this.mismatched = mismatched
  }
}

const SHOWN = 4

const firstOf = (names: readonly string[]): string =>
  names.length > SHOWN
    ? `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`
    : names.join(', ')

/**
 * The prefix under which most of the model's names stand: nothing, or what wrappers and trainers put there, such as
 * `module.`, `state_dict.` or `model.`.
 */
function prefixOf({ names }: Checkpoint, known: ReadonlyMap<string, string>): string {
  const counts = new Map<string, number>([['', 0]])
  for (const name of names) {
    for (let start = 0; start >= 0; start = nextSegment(name, start)) {
      if (known.has(name.slice(start))) {
        const prefix = name.slice(0, start)
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
      }
    }
  }
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
}

const nextSegment = (name: string, start: number) => name.indexOf('.', start) + 1 || -1

/** A name with its layer numbers taken out: equal for the same parameter of all layers. */
const pattern = (name: string) => name.replace(/(^|\.)\d+(?=\.|$)/g, '$1#')

/**
 * Finds a model's parameters in a checkpoint: under any prefix and in any of the `spellings`. Weights stay in their
 * files; those that do not lie there as raw bytes are read. Tensors that the model does not use are left alone, with
 * a warning unless they are `ignored`; layers beyond those of the configuration are an error.
 *
 * Throws a CheckpointMismatchError (`not-found`, or `shape-mismatch` when only shapes differ) with all tensors that
 * are missing, unexpected or of another shape, and `dtype-mismatch` when one is not floating point.
 */
export async function bindParameters(
  checkpoint: Checkpoint,
  table: ParameterTable,
  options: BindOptions,
): Promise<Weights> {
  const { file, model, spellings = (name) => [name], ignored } = options
  const known = new Map(Object.keys(table).flatMap((name) => spellings(name).map((other) => [other, name])))
  const prefix = prefixOf(checkpoint, known)
  const stored = new Map<string, string>()
  for (const name of Object.keys(table)) {
    const spelt = spellings(name).find((other) => checkpoint.has(prefix + other))
    if (spelt !== undefined) stored.set(name, prefix + spelt)
  }
  const used = new Set(stored.values())
  const unused = checkpoint.names.filter((name) => !used.has(name))
  const patterns = new Set([...known.keys()].map(pattern))
  const surplus = unused.filter((name) => name.startsWith(prefix) && !ignored?.test(name))
  const missing = Object.keys(table).filter((name) => !stored.has(name))
  const beyond = surplus.filter((name) => patterns.has(pattern(name.slice(prefix.length))))
  const mismatched = [...stored].flatMap(([name, as]): Mismatch[] => {
    const found = checkpoint.info(as).shape
    const expected = table[name].shape
    return found.join() === expected.join() ? [] : [{ name: as, found, expected }]
  })
  if (missing.length + beyond.length + mismatched.length > 0) {
    const unexpected = missing.length > 0 ? surplus : beyond
    throw new CheckpointMismatchError(options, { missing, unexpected, mismatched, found: stored.size })
  }
  if (surplus.length > 0) {
    process.emitWarning(`${file}: not used by ${model}: ${firstOf(surplus)}`, { code: 'FLAG_UNUSED_TENSORS' })
  }

  const inMemory = new Map<string, Tensor>()
  for (const [name, as] of stored) {
    const { dtype, source } = checkpoint.info(as)
    if (!isFloat(dtype)) {
      throw new FlagError('dtype-mismatch', `${file}: ${as} is ${dtype}, expected floating point numbers`, {
        hint: 'quantised checkpoints are not supported: use the original weights',
      })
    }
    if (!source) inMemory.set(name, await checkpoint.read(as))
  }
  const storedName = (name: string) => {
    const as = stored.get(name)
    if (as === undefined) throw new FlagError('not-found', `${model} has no parameter "${name}"`)
    return as
  }
  const scope = scopeOver(
    (name) => stored.has(name),
    (name) => {
      const tensor = inMemory.get(name)
      return tensor ? constant(tensor) : currentGraph().stored(checkpoint.info(storedName(name)))
    },
  )
  return { scope, unused, read: async (name) => checkpoint.read(storedName(name)) }
}
