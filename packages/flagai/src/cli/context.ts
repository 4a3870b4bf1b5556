import type { Terminal } from '@flag/core-tensor/terminal'
import type { Environment } from '../hub/index.ts'
import type { Exportable } from '../models/export.ts'
import type { ConversionProgress, ModelDType } from '../models/precision.ts'
import type { EmbeddingModel } from '../search/index.ts'
import { Progress } from './progress.ts'

/** A model that a command works with. */
export interface LoadedModel {
  model: EmbeddingModel & Partial<Exportable>
  /** As the user knows it: an id, or a folder's name. */
  name: string
  /** Changes when the weights do, or their dtype. */
  fingerprint: string
}

/** What commands need from outside; tests give their own. */
export interface Context {
  terminal: Terminal
  /** Instead of `process.env`. */
  env?: Environment
  loadModel(idOrFolder: string, options: LoadOptions): Promise<LoadedModel>
}

export interface LoadOptions {
  dtype: ModelDType
  onConversion: ConversionProgress
}

/** What commands that open a model are told about it. */
export interface ModelChoice {
  model: string
  dtype: ModelDType
}

/** Runs `work` with a model and closes it, whatever happens. */
export async function withModel<T>(
  context: Context,
  { model, dtype }: ModelChoice,
  work: (loaded: LoadedModel) => Promise<T>,
): Promise<T> {
  const loaded = await context.loadModel(model, {
    dtype,
    onConversion: conversionProgress(context.terminal),
  })
  try {
    return await work(loaded)
  } finally {
    await loaded.model.dispose()
  }
}

/** Shows on a terminal how far the conversion of each part of a model is. */
export function conversionProgress(terminal: Terminal): ConversionProgress {
  const bars = new Map<string, Progress>()
  return (part, done, total) => {
    const bar = bars.get(part) ?? new Progress(terminal, `converting ${part}`, { format: bytes })
    bars.set(part, bar)
    bar.update(done, total)
    if (done === total) bar.end()
  }
}

/** A size for people. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`
  const [size, unit] =
    count >= 1e9 ? [count / 1e9, 'GB'] : count >= 1e6 ? [count / 1e6, 'MB'] : [count / 1e3, 'kB']
  return `${size.toFixed(unit === 'GB' ? 2 : 1)} ${unit}`
}
