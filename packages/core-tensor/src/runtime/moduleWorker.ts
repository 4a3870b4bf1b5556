import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a thread on a module of ours: `name` beside the calling module (`from` is its `import.meta.url`), as
 * TypeScript when that runs from the sources, else as the file of this name that was built beside the bundle.
 */
export function moduleWorker(name: string, from: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, from), options)
  // On Node 20 a thread does not take over the loader that runs this one. The loader and the names of the packages are
  // looked for from here, since the current folder may be anywhere.
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const tsconfig = JSON.stringify(tsconfigAbove(from))
  const source = JSON.stringify(new URL(`./${name}.ts`, from).href)
  const load = `import(${loader}).then(({ register }) => register({ tsconfig: ${tsconfig} }) && import(${source}))`
  return new Worker(load, { ...options, eval: true })
}

/** The tsconfig.json of the package that a source file belongs to. */
function tsconfigAbove(file: string): string {
  let folder = new URL('.', file)
  while (!existsSync(new URL('tsconfig.json', folder))) folder = new URL('..', folder)
  return fileURLToPath(new URL('tsconfig.json', folder))
}
