import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { prepareCacheFolder } from '../cacheFolder.ts'
import { startHost } from './host.ts'

export interface PackOptions {
  /** Where packed models lie, each in a folder of its own. */
  readonly folder: string
  /** The files of the weights that the model refers to. */
  readonly files: readonly string[]
  /** The bytes that it refers to. */
  readonly bytes: number
  /** Folder from which the model names these files. */
  readonly weightsFolder?: string
  /** Ends the work. */
  readonly signal?: AbortSignal
}

/**
 * An ONNX model as ONNX Runtime wants it on this processor: its graph optimised, its weights also in the layout that
 * the kernels read, in a file that sessions map: it runs as fast as with weights packed in memory, and needs none. Made
 * when it is not in the folder yet, by a process of its own, which takes the memory for it along when it ends; a
 * program that has nothing else to do does not wait for it.
 *
 * Gives the path of the model. Throws `io` when the disk has no room, `runtime` when the runtime refuses the model.
 */
export async function packedModel(model: Uint8Array, options: PackOptions): Promise<string> {
  const place = join(options.folder, await keyOf(model, options.files))
  const file = join(place, 'model.onnx')
  if (existsSync(file)) return file
  // The weights as they are, and packed.
  await prepareCacheFolder(options.folder, 2 * options.bytes, 'packed weights')
  const temporary = `${place}.${randomUUID()}.tmp`
  try {
    await mkdir(temporary)
    await write(model, temporary, options)
    // Where another process was faster, its folder stays.
    await rename(temporary, place).catch((error) => {
      if (!existsSync(file)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return file
}

async function write(
  model: Uint8Array,
  folder: string,
  { weightsFolder, signal }: PackOptions,
): Promise<void> {
  const host = startHost('process', { signal, awaited: false })
  const data = 'weights.bin'
  try {
    await host.call('open', {
      model,
      options: {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        optimizedModelFilePath: join(folder, 'model.onnx'),
        logSeverityLevel: 3,
        extra: {
          session: {
            ...(weightsFolder ? { model_external_initializers_file_folder_path: weightsFolder } : {}),
            save_external_prepacked_constant_initializers: '1',
            optimized_model_external_initializers_file_name: data,
            optimized_model_external_initializers_min_size_in_bytes: '1024',
          },
        },
      },
    })
  } finally {
    await host.dispose()
  }
}

/**
 * Tells apart what would be packed otherwise: another model, other weights in files of the same names, another
 * version of the runtime, another processor.
 */
async function keyOf(model: Uint8Array, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(model)
  for (const file of files) {
    const { size, mtimeMs } = await stat(file)
    hash.update(`${file}\0${size}\0${mtimeMs}\0`)
  }
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return hash.update(`${version}\0${processor()}`).digest('hex').slice(0, 32)
}

/** The processor, and what it can do where that is told: virtual machines of one name differ in it. */
function processor(): string {
  const told =
    process.platform === 'linux'
      ? /^(flags|Features)\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0]
      : process.env.PROCESSOR_IDENTIFIER
  return [process.platform, process.arch, cpus()[0]?.model, told].join('\0')
}
