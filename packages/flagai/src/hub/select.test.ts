import { describe, expect, it } from 'vitest'
import { chooseFiles } from './select.ts'

const file = (path: string) => ({ path, size: 1, blobId: '0'.repeat(40) })

async function chosen(paths: string[], indexes: Record<string, unknown> = {}) {
  const files = await chooseFiles('a/b', paths.map(file), {}, async ({ path }) => indexes[path])
  return files.map(({ path }) => path).sort()
}

describe('what opening a model needs', () => {
  const small = ['config.json', 'sentencepiece.bpe.model', 'tokenizer.json', 'vocab.txt']

  it('is the small files of the root and the weights once, safetensors first', async () => {
    const rest = [
      'README.md',
      '.gitattributes',
      'flax_model.msgpack',
      'tf_model.h5',
      'onnx/model.onnx',
      'sub/config.json',
    ]
    expect(await chosen([...small, ...rest, 'model.safetensors', 'pytorch_model.bin'])).toEqual(
      [...small, 'model.safetensors'].sort(),
    )
    expect(await chosen([...small, ...rest, 'pytorch_model.bin', 'training_args.bin'])).toEqual(
      [...small, 'pytorch_model.bin'].sort(),
    )
  })

  it('is the shards of the index that would be opened', async () => {
    const index = { weight_map: { a: 'x-1.bin', b: 'x-2.bin', c: 'x-1.bin' } }
    const paths = ['config.json', 'pytorch_model.bin.index.json', 'x-1.bin', 'x-2.bin', 'x-3.bin']
    expect(await chosen(paths, { 'pytorch_model.bin.index.json': index })).toEqual(paths.slice(0, 4).sort())
  })

  it.each([
    [{ weight_map: { a: '../x' } }, /names "\.\.\/x", which is not there/],
    [{ weight_map: { a: 7 } }, /names 7/],
    [{}, /has no "weight_map"/],
    [null, /has no "weight_map"/],
  ])('is nothing when the index is %j', async (index, message) => {
    const paths = ['config.json', 'model.safetensors.index.json']
    await expect(chosen(paths, { 'model.safetensors.index.json': index })).rejects.toThrow(message)
  })

  it('is the one checkpoint with a name of its own, and a choice between several', async () => {
    expect(await chosen(['config.json', 'EVA02.pt', 'optimizer.pt'])).toEqual(['EVA02.pt', 'config.json'])
    await expect(chosen(['a.pt', 'b.pt'])).rejects.toMatchObject({
      message: 'a/b: holds 2 files that may be the weights',
      hint: 'choose with include: a.pt, b.pt',
    })
    await expect(chosen(['config.json'])).rejects.toThrow('a/b: holds no weights')
  })

  it('is the same folder by folder in a pipeline', async () => {
    const paths = [
      'model_index.json',
      'scheduler/scheduler_config.json',
      'text_encoder/config.json',
      'text_encoder/model.safetensors',
      'unet/config.json',
      'unet/diffusion_pytorch_model.bin',
    ]
    const rest = ['text_encoder/pytorch_model.bin', 'unet/diffusion_flax_model.msgpack', 'README.md']
    expect(await chosen([...paths, ...rest])).toEqual(paths)
  })
})
