import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Builds a module of `src`, such as `testing/runRecipe`, with the worker beside it, as the package is built, so that processes that are started
 * many times start quickly. `remove` takes the files away.
 */
export async function bundle(module: string): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(packageFolder, '../../node_modules/.flag-test-'))
  const source = (name: string) => join(packageFolder, 'src', name)
  await build({
    config: false,
    silent: true,
    entry: { program: source(`${module}.ts`), worker: source('executors/worker.ts') },
    format: 'esm',
    target: 'node20',
    outDir: folder,
    skipNodeModulesBundle: true,
    tsconfig: join(packageFolder, 'tsconfig.json'),
  })
  return { file: join(folder, 'program.js'), remove: () => rm(folder, { recursive: true, force: true }) }
}
