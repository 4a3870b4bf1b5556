import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FlagError } from '../errors.ts'
import { openCheckpoint } from './open.ts'

const folder = fileURLToPath(new URL('../../goldens/checkpoints', import.meta.url))

interface Golden {
  dtype: string
  shape: number[]
  base64: string
  place: 'file' | 'elsewhere'
}
const expected: Record<string, Record<string, Golden>> = JSON.parse(
  readFileSync(path.join(folder, 'expected.json'), 'utf8'),
)

describe('openCheckpoint', () => {
  it.each(Object.entries(expected))('reads %s exactly', async (file, tensors) => {
    const checkpoint = await openCheckpoint(path.join(folder, file))
    expect([...checkpoint.names].sort()).toEqual(Object.keys(tensors).sort())
    for (const [name, golden] of Object.entries(tensors)) {
      const { dtype, shape, source } = checkpoint.info(name)
      const bytes = Buffer.from(golden.base64, 'base64')
      expect({ name, dtype, shape }).toEqual({ name, dtype: golden.dtype, shape: golden.shape })
      const tensor = await checkpoint.read(name)
      expect({ name, dtype: tensor.dtype, shape: tensor.shape }).toEqual({ name, dtype, shape })
      expect(Buffer.from(tensor.bytes).equals(bytes), name).toBe(true)
      // In place: the very bytes lie in the named file.
      if (golden.place === 'elsewhere') expect(source, name).toBeUndefined()
      else {
        expect(source, name).toBeDefined()
        const { path: where, offset, byteLength } = source as NonNullable<typeof source>
        expect(
          readFileSync(where)
            .subarray(offset, offset + byteLength)
            .equals(bytes),
          name,
        ).toBe(true)
      }
    }
    await checkpoint.close()
  })

  it('shows metadata of safetensors and GGUF', async () => {
    const tensors = await openCheckpoint(path.join(folder, 'safetensors/types.safetensors'))
    expect(tensors.metadata).toEqual({ format: 'pt', note: 'über' })
    await tensors.close()
    const gguf = await openCheckpoint(path.join(folder, 'gguf/types.gguf'))
    expect(gguf.metadata).toMatchObject({
      'general.architecture': 'flag',
      'flag.count': '7',
      'flag.scale': '0.5',
      'flag.yes': 'true',
      'flag.name': 'テスト',
    })
    await gguf.close()
  })

  it('says what is missing', async () => {
    await expect(openCheckpoint(path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(openCheckpoint(path.join(folder, 'numpy'))).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('pytorch_model.bin'),
    })
    const checkpoint = await openCheckpoint(path.join(folder, 'folder'))
    expect(() => checkpoint.info('weigth')).toThrow(/no tensor is named "weigth"/)
    await expect(checkpoint.read('weigth')).rejects.toThrow(FlagError)
    await checkpoint.close()
    await expect(checkpoint.read('weight')).rejects.toThrow(/closed/)
  })
})

describe('a hostile pickle', () => {
  it.each([
    ['system', /posix\.system/],
    ['eval', /(builtins|__builtin__)\.eval/],
    ['getattr', /(builtins|__builtin__)\.getattr/],
    ['open', /(_?io|builtins|__builtin__)\.open/],
  ])('that calls %s is refused by name, and nothing runs', async (name, global) => {
    for (const file of [`${name}.pt`, `${name}-legacy.pt`]) {
      const opening = openCheckpoint(path.join(folder, 'hostile', file))
      await expect(opening).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(global),
      })
      await expect(opening).rejects.toThrow(file)
    }
    expect(existsSync('/tmp/flag-was-here')).toBe(false)
  })

  it('is refused bare, and so is a TorchScript program', async () => {
    const at = (file: string) => openCheckpoint(path.join(folder, 'hostile', file))
    await expect(at('bare.pkl')).rejects.toThrow(/bare pickle/)
    await expect(at('torchscript.pt')).rejects.toThrow(/TorchScript/)
  })
})
