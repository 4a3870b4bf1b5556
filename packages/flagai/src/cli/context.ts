import type { Environment } from '../hub/index.ts'
import type { EmbeddingModel } from '../search/index.ts'
import type { Terminal } from './terminal.ts'

/** A model that a command works with. */
export interface LoadedModel {
  model: EmbeddingModel
  /** As the user knows it: an id, or a folder's name. */
  name: string
  /** Changes when the weights do. */
  fingerprint: string
}

/** What commands need from outside; tests give their own. */
export interface Context {
  terminal: Terminal
  /** Instead of `process.env`. */
  env?: Environment
  loadModel(idOrFolder: string): Promise<LoadedModel>
}

/** Runs `work` with a model and closes it, whatever happens. */
export async function withModel<T>(
  context: Context,
  idOrFolder: string,
  work: (loaded: LoadedModel) => Promise<T>,
): Promise<T> {
  const loaded = await context.loadModel(idOrFolder)
  try {
    return await work(loaded)
  } finally {
    await loaded.model.dispose()
  }
}

/** One JSON document on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`)
}

/** A size for people. */
export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`
  const [size, unit] =
    count >= 1e9 ? [count / 1e9, 'GB'] : count >= 1e6 ? [count / 1e6, 'MB'] : [count / 1e3, 'kB']
  return `${size.toFixed(unit === 'GB' ? 2 : 1)} ${unit}`
}
