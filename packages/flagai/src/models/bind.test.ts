import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint, type Tensor, writeSafetensors, zeros } from '@flag/core-tensor'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bindParameters, CheckpointMismatchError } from './bind.ts'
import { dense, layered, norm } from './parameters.ts'

const table = (layers: number) => ({
  ...layered(layers, (i) => ({ ...dense(`layers.${i}.fc`, 3, 2, 0.1), ...norm(`layers.${i}.norm`, 3) })),
  ...dense('head', 5, 3, 0.1),
})

const tensorsOf = (parameters: ReturnType<typeof table>, prefix = ''): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [prefix + name, zeros(shape)]))

async function bind(tensors: Record<string, Tensor>, layers: number) {
  const path = join(mkdtempSync(join(tmpdir(), 'bind-')), 'model.safetensors')
  await writeSafetensors(path, tensors)
  const checkpoint = await openCheckpoint(path)
  try {
    return await bindParameters(checkpoint, table(layers), {
      file: 'model.safetensors',
      model: 'Toy',
      ignored: /position_ids$/,
    })
  } finally {
    await checkpoint.close()
  }
}

const mismatchOf = async (tensors: Record<string, Tensor>, layers: number) => {
  const error = await bind(tensors, layers).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(CheckpointMismatchError)
  return error as CheckpointMismatchError
}

describe('bindParameters', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.each(['', 'module.', 'state_dict.module.', 'ema.model.'])('finds names under "%s"', async (prefix) => {
    const { scope, unused } = await bind(tensorsOf(table(2), prefix), 2)
    expect(scope.at('layers.1.fc').has('weight')).toBe(true)
    expect(unused).toEqual([])
  })

  it('lists every tensor that is missing, unexpected or of another shape', async () => {
    const { 'layers.0.fc.weight': moved, ...rest } = tensorsOf(table(1))
    const error = await mismatchOf({ ...rest, 'layers.0.dense.weight': moved, 'head.bias': zeros([4]) }, 1)
    expect(error.missing).toEqual(['layers.0.fc.weight'])
    expect(error.unexpected).toEqual(['layers.0.dense.weight'])
    expect(error.mismatched).toEqual([{ name: 'head.bias', found: [4], expected: [5] }])
    expect(error.message).toBe(
      'model.safetensors: the tensors are not those of the configuration; ' +
        '1 missing: layers.0.fc.weight; 1 unexpected: layers.0.dense.weight; ' +
        '1 of another shape: head.bias [4] (expected [5])',
    )
  })

  it('refuses more layers than the configuration has', async () => {
    const error = await mismatchOf(tensorsOf(table(3)), 2)
    expect(error.missing).toEqual([])
    expect(error.unexpected).toEqual([
      'layers.2.fc.bias',
      'layers.2.fc.weight',
      'layers.2.norm.bias',
      'layers.2.norm.weight',
    ])
  })

  it('refuses fewer layers than the configuration has, naming the first and counting the rest', async () => {
    const error = await mismatchOf(tensorsOf(table(1)), 3)
    expect(error.missing).toHaveLength(8)
    expect(error.message).toMatch(/8 missing: layers\.1\.fc\.weight, .* and 4 more$/)
  })

  it('warns of tensors that nothing uses, but not of those that published files are known to have', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const tensors = { ...tensorsOf(table(1)), 'text.position_ids': zeros([4]), 'other.head': zeros([2]) }
    const { unused } = await bind(tensors, 1)
    expect([...unused].sort()).toEqual(['other.head', 'text.position_ids'])
    expect(warn).toHaveBeenCalledExactlyOnceWith('model.safetensors: not used by Toy: other.head', {
      code: 'FLAG_UNUSED_TENSORS',
    })
  })
})
