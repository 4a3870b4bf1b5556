import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Generator } from '../tensor/generator.ts'
import { type Tensor, tensor, zeros } from '../tensor/tensor.ts'
import { loadNpy, writeNpy, writeNpz } from './npy.ts'
import { openCheckpoint } from './open.ts'
import { writeSafetensors } from './safetensors.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flag-write-'))
})
afterAll(() => rm(folder, { recursive: true }))

const plain: Record<string, Tensor> = {
  weights: new Generator(1).randn([5, 7]),
  'layer.0.ids': tensor([[1, -2]], 'int64'),
  half: tensor([0.5, 1], 'float16'),
  mask: tensor([true, false, true], 'bool'),
  scalar: tensor(2.5, 'float64'),
  empty: zeros([0, 3]),
}

async function readBack(file: string): Promise<Record<string, Tensor>> {
  const checkpoint = await openCheckpoint(file)
  const read = await Promise.all(
    checkpoint.names.map(async (name) => [name, await checkpoint.read(name)] as const),
  )
  await checkpoint.close()
  return Object.fromEntries(read)
}

describe('writeSafetensors', () => {
  it('is read back exactly, with metadata, data aligned to 64 bytes', async () => {
    const file = path.join(folder, 'all.safetensors')
    const tensors: Record<string, Tensor> = {
      ...plain,
      brain: tensor([1, 2], 'bfloat16'),
      __proto__x: zeros([1]),
    }
    await writeSafetensors(file, tensors, { step: '12' })
    expect(await readBack(file)).toEqual(tensors)
    const checkpoint = await openCheckpoint(file)
    expect(checkpoint.metadata).toEqual({ step: '12' })
    const offsets = checkpoint.names.map((name) => checkpoint.info(name).source?.offset ?? -1)
    expect(Math.min(...offsets) % 64).toBe(0)
    await checkpoint.close()
  })

  it('leaves the old file, and no other, when it fails', async () => {
    const inside = await mkdtemp(path.join(folder, 'fail-'))
    const file = path.join(inside, 'model.safetensors')
    await writeFile(file, 'old')
    const broken = {
      get bytes(): Uint8Array {
        return undefined as never
      },
      dtype: 'float32',
      shape: [1],
    }
    await expect(writeSafetensors(file, { broken: broken as unknown as Tensor })).rejects.toThrow()
    await expect(writeSafetensors(file, { text: tensor(['a']) })).rejects.toMatchObject({
      code: 'dtype-mismatch',
    })
    await expect(writeSafetensors(path.join(inside, 'no/where'), plain)).rejects.toMatchObject({ code: 'io' })
    expect(await readdir(inside)).toEqual(['model.safetensors'])
    expect(await readFile(file, 'utf8')).toBe('old')
  })
})

describe('writeNpy and writeNpz', () => {
  it('are read back exactly', async () => {
    for (const [name, value] of Object.entries(plain)) {
      const file = path.join(folder, `${name}.npy`)
      await writeNpy(file, value)
      expect(await loadNpy(file)).toEqual(value)
    }
    const file = path.join(folder, 'all.npz')
    await writeNpz(file, plain)
    expect(await readBack(file)).toEqual(plain)
  })

  it('refuse types that NumPy lacks', async () => {
    const brain = tensor([1], 'bfloat16')
    await expect(writeNpy(path.join(folder, 'x.npy'), brain)).rejects.toMatchObject({
      code: 'dtype-mismatch',
    })
  })
})
