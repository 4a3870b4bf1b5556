import { link, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import {
  type Checkpoint,
  encodeModel,
  FlagError,
  Graph,
  type Spec,
  saveOnnx,
  type Traced,
  type Value,
  withGraph,
} from '@flag/core-tensor'
import { type ConversionProgress, inPrecision, type ModelDType } from './precision.ts'

/** A part of a model that is one graph: a function of one input, and what the two are called in ONNX files. */
export interface Tower {
  readonly input: { readonly name: string; readonly spec: Spec }
  readonly output: string
  apply(input: Value): Value
}

/** A model that consists of such parts, by name: `text`, `vision`. */
export interface Exportable {
  readonly towers: Readonly<Record<string, Tower>>
}

export interface ExportOptions {
  /** How weights are kept in the files. Default: as the checkpoint stores them. */
  dtype?: ModelDType
  /** Version of the ONNX operator set, 20 or 21. Default: 21. */
  opset?: number
  /**
   * Refer to the checkpoint's files instead of copying the weights: those that lie in `folder` already are named, the
   * others get a second name there (a hard link), which takes no room. ONNX Runtime opens both; Python's `onnx.checker`
   * refuses hard links. Default: false.
   */
  inPlace?: boolean
  /** Told while weights are converted to another dtype. */
  onConversion?: ConversionProgress
}

/** The operator sets that have all the operators of the models, in the form in which they are written here. */
const OPSETS = [20, 21]

/**
 * Writes a model as standard ONNX files, one for each part, `<part>_model.onnx`: `text_model.onnx` from `input_ids`
 * `[batch, length]` (padded on the right) to `text_embeds`, `vision_model.onnx` from `pixel_values` to `image_embeds`,
 * neither normalised. Weights of more than 2 GB lie beside them in `<part>_model.onnx.data`. With `int8` and `int4` the
 * files hold operators of ONNX Runtime (`com.microsoft`), otherwise only those of the ONNX standard.
 *
 * Files are complete or not there. Gives their paths. Throws `io`, and `invalid-argument` for an unknown opset.
 */
export async function exportOnnx(
  model: Exportable,
  folder: string,
  { dtype, opset = 21, inPlace = false, onConversion }: ExportOptions = {},
): Promise<string[]> {
  if (!OPSETS.includes(opset)) {
    throw new FlagError('invalid-argument', `opset ${opset} cannot be written`, {
      hint: `these can: ${OPSETS.join(', ')}`,
    })
  }
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  for (const [part, tower] of Object.entries(model.towers)) {
    const opened: Checkpoint[] = []
    try {
      const { prepare } = inPrecision<Value>({ dtype, part, onProgress: onConversion, opened })
      const direct = traceTower(tower, opset)
      const traced = prepare ? await prepare(direct) : direct
      const file = join(folder, `${part}_model.onnx`)
      await (inPlace ? saveInPlace(file, traced) : saveOnnx(file, traced))
      files.push(file)
    } finally {
      for (const checkpoint of opened) await checkpoint.close()
    }
  }
  return files
}

function traceTower({ input, output, apply }: Tower, opset: number): Traced<Value> {
  const graph = new Graph(new Map([['', opset]]))
  return withGraph(graph, () => {
    const result = apply(graph.input(input.name, input.spec))
    return { graph, outputs: [{ name: output, value: result }], result }
  })
}

/** The model file alone; its weights stay in the files that they lie in, which get names in its folder. */
async function saveInPlace(file: string, { graph, outputs }: Traced): Promise<void> {
  const folder = resolve(file, '..')
  const locations = new Map<string, string>()
  for (const { source } of graph.storedTensors) {
    if (source && !locations.has(source.path))
      locations.set(source.path, await nameInside(folder, resolve(source.path), basename(file)))
  }
  const bytes = encodeModel(graph, outputs, { locationOf: (path) => locations.get(path) as string })
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await writeFile(temporary, bytes)
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new FlagError('io', `${file}: cannot be written: ${(cause as Error).message}`, { cause })
  }
}

/** What a model file in `folder` calls a file of weights. Runtimes refuse names that lead out of the folder. */
async function nameInside(folder: string, weights: string, model: string): Promise<string> {
  const real = await realpath(weights)
  const inside = relative(await realpath(folder), real)
  if (!inside.startsWith('..') && resolve(folder, inside) === real) return inside.split(sep).join('/')
  // Both parts of a model mostly share a file; only another file of this name needs another name.
  const plain = basename(weights)
  const taken = (await stat(join(folder, plain)).catch(() => undefined)) !== undefined
  const name = taken && !(await sameFile(join(folder, plain), real)) ? `${model}.${plain}` : plain
  const place = join(folder, name)
  if (await sameFile(place, real)) return name
  await rm(place, { force: true })
  await link(real, place).catch((cause) => {
    throw new FlagError(
      'io',
      `${weights}: cannot get a second name in ${folder}: ${(cause as Error).message}`,
      {
        cause,
        hint: 'choose a folder on the same disk as the weights, or export without --in-place',
      },
    )
  })
  return name
}

async function sameFile(a: string, b: string): Promise<boolean> {
  const [x, y] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)))
  return x !== undefined && x.ino === y?.ino && x.dev === y.dev
}
