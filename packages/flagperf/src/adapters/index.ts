import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import { type Adapter, defineAdapter } from './adapter.ts'
import { coreml } from './coreml.ts'
import { cpu } from './cpu.ts'
import { cuda } from './cuda.ts'
import { dml } from './dml.ts'
import { tensorrt } from './tensorrt.ts'
import { webgpu } from './webgpu.ts'

/** The adapters that come with the package. */
export const adapters: readonly Adapter[] = [cpu, webgpu, cuda, tensorrt, dml, coreml]

/**
 * An adapter by its name, or the default export of a module by its path. Throws `invalid-argument` for neither, and for a
 * module that exports none.
 */
export async function findAdapter(nameOrPath: string): Promise<Adapter> {
  const known = adapters.find(({ name }) => name === nameOrPath)
  if (known) return known
  if (!/[./\\]/.test(nameOrPath))
    throw new FlagError('invalid-argument', `no adapter is called "${nameOrPath}"`, {
      hint: `known: ${adapters.map(({ name }) => name).join(', ')}; a module of your own is given by its path`,
    })
  const module = await import(pathToFileURL(resolve(nameOrPath)).href).catch((cause: Error) => {
    throw new FlagError('invalid-argument', `${nameOrPath}: cannot be loaded: ${cause.message}`, { cause })
  })
  if (typeof module.default !== 'object' || module.default === null)
    throw new FlagError('invalid-argument', `${nameOrPath}: its default export is not an adapter`)
  return defineAdapter(module.default)
}
