import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a thread on a module of ours: `name` beside the calling module (`from` is its `import.meta.url`), as
 * TypeScript when that runs from the sources, else as the file of this name that was built beside the bundle.
 */
export function moduleWorker(name: string, from: string, options: WorkerOptions = {}): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, from), options)
  // On Node 20 a thread does not take over the loader that runs this one.
  const source = JSON.stringify(new URL(`./${name}.ts`, from).href)
  const load = `import('tsx/esm/api').then(({ register }) => register() && import(${source}))`
  return new Worker(load, { ...options, eval: true })
}
