import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FlagError, loadNpy, openCheckpoint, Tensor } from '@flag/core-tensor'
import type { EmbeddingModel, PictureInput } from './embedding.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/**
 * Vectors made beforehand as a model: a folder with `texts.npy` and `images.npy`, float32 `[n, E]`, or both tensors in
 * `vectors.safetensors`; and `texts.json`, the texts in the order of the rows, and `images.json`, the SHA-256 of each
 * picture's bytes. Throws `not-found` for what is missing, `shape-mismatch`.
 */
export async function vectorFiles(folder: string): Promise<EmbeddingModel> {
  const hash = createHash('sha256')
  const one = join(folder, 'vectors.safetensors')
  const whole = existsSync(one) ? await openCheckpoint(one) : undefined
  if (whole) hash.update(await readFile(one))
  const table = async (name: 'texts' | 'images') => {
    const keysFile = join(folder, `${name}.json`)
    const rowsFile = join(folder, `${name}.npy`)
    for (const file of whole ? [keysFile] : [keysFile, rowsFile]) {
      if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file`)
      hash.update(await readFile(file))
    }
    const keys = JSON.parse(await readFile(keysFile, 'utf8')) as string[]
    const rows = (whole ? await whole.read(name) : await loadNpy(rowsFile)) as Tensor<'float32'>
    if (rows.dtype !== 'float32' || rows.rank !== 2 || rows.shape[0] !== keys.length) {
      throw new FlagError(
        'shape-mismatch',
        `${folder}: ${name} are ${rows.dtype} [${rows.shape}] for ${keys.length} names: expected float32, one row each`,
      )
    }
    return { rows, places: new Map(keys.map((key, i) => [key, i])) }
  }
  const [texts, images] = [await table('texts'), await table('images')]
  const pick = ({ rows, places }: typeof texts, keys: readonly string[], shown: readonly string[]) => {
    const width = rows.shape[1]
    const data = new Float32Array(keys.length * width)
    keys.forEach((key, i) => {
      const at = places.get(key)
      if (at === undefined) throw new FlagError('not-found', `${folder} has no vector of ${shown[i]}`)
      data.set(rows.data.subarray(at * width, (at + 1) * width), i * width)
    })
    return new Tensor('float32', [keys.length, width], data)
  }
  return {
    name: basename(folder),
    fingerprint: `vectors ${hash.digest('hex').slice(0, 32)}`,
    encodeText: async (list) =>
      pick(
        texts,
        list,
        list.map((text) => JSON.stringify(text)),
      ),
    encodeImage: async (list: PictureInput[]) => {
      const keys: string[] = []
      for (const picture of list)
        keys.push(sha256(typeof picture === 'string' ? await readFile(picture) : picture))
      return pick(
        images,
        keys,
        list.map((it, i) => (typeof it === 'string' ? it : `the picture ${keys[i]}`)),
      )
    },
    dispose: async () => {},
  }
}
