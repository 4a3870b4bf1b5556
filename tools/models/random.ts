import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSafetensorsStreams } from '../../packages/core-tensor/src/checkpoint/safetensors.ts'
import type { TensorStream } from '../../packages/core-tensor/src/checkpoint/stream.ts'
import { writeTorch } from '../../packages/core-tensor/src/checkpoint/torchWriter.ts'
import type { ParameterSpec, ParameterTable } from '../../packages/flagai/src/models/parameters.ts'

const PIECE = 2 ** 22

/** A parameter as a stream of random numbers of its deviation; xorshift32, seeded by its place in the table. */
function randomStream(name: string, { shape, initial }: ParameterSpec, place: number): TensorStream {
  const size = shape.reduce((product, dim) => product * dim, 1)
  const pieces = function* () {
    let state = (place + 1) * 0x9e3779b1
    for (let done = 0; done < size; done += PIECE) {
      const values = new Float32Array(Math.min(PIECE, size - done))
      if ('constant' in initial) values.fill(initial.constant)
      else {
        // Uniform numbers of this deviation lie between ± std √3.
        const scale = (initial.std * Math.sqrt(3)) / 2 ** 31
        for (let i = 0; i < values.length; i++) {
          state ^= state << 13
          state ^= state >>> 17
          state ^= state << 5
          values[i] = state * scale
        }
      }
      yield new Uint8Array(values.buffer)
    }
  }
  return { name, dtype: 'float32', shape, pieces }
}

/** The files beside the weights, by name. `config.json` must be one of them. */
export type ModelFiles = Readonly<Record<string, Uint8Array | string>>

/**
 * Writes a model folder with random weights, without ever holding more than 16 MiB of them. A folder that has its
 * `config.json`, which is written last, is complete and left as it is.
 */
export async function writeRandomModel(
  folder: string,
  format: 'torch' | 'safetensors',
  table: ParameterTable,
  { 'config.json': config, ...files }: ModelFiles,
): Promise<string> {
  if (existsSync(join(folder, 'config.json'))) return folder
  await mkdir(folder, { recursive: true })
  const streams = Object.entries(table).map(([name, spec], place) => randomStream(name, spec, place))
  if (format === 'torch') await writeTorch(join(folder, 'pytorch_model.bin'), streams)
  else await writeSafetensorsStreams(join(folder, 'model.safetensors'), streams, { format: 'pt' })
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  await writeFile(join(folder, 'config.json'), config)
  return folder
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
