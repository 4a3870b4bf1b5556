import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromFloat16Bits, toBFloat16Bits, toFloat16Bits } from '../tensor/dtype.ts'
import { Generator } from '../tensor/generator.ts'
import { type Tensor, tensor, zeros } from '../tensor/tensor.ts'
import { convertCheckpoint } from './convert.ts'
import { openCheckpoint } from './open.ts'
import { writeSafetensors } from './safetensors.ts'
import { contents, conversions, convertGolden, goldens } from './testing/conversions.ts'

// Made by tools/oracles/convert.py: each of these files was opened by torch 2.13.0 or safetensors 0.8.0, and every
// tensor in it was equal to the bit.
const hashes: Record<string, string> = JSON.parse(
  readFileSync(path.join(goldens, '../converted.json'), 'utf8'),
)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'flag-convert-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function read(file: string): Promise<Record<string, Tensor>> {
  const checkpoint = await openCheckpoint(file)
  const found = await Promise.all(
    checkpoint.names.map(async (name): Promise<[string, Tensor]> => [name, await checkpoint.read(name)]),
  )
  await checkpoint.close()
  return Object.fromEntries(found)
}

describe('convertCheckpoint', () => {
  it.each(Object.keys(contents))(
    'writes %s as the files that PyTorch and safetensors were shown',
    async (input) => {
      const own = conversions.filter((conversion) => conversion.input === input)
      expect(own).toHaveLength(8)
      for (const conversion of own) {
        expect([conversion.name, await convertGolden(conversion, folder)]).toEqual([
          conversion.name,
          hashes[conversion.name],
        ])
      }
    },
  )

  it('keeps tied tensors tied in torch files, and says which were copied', async () => {
    const input = path.join(goldens, 'torch/tied.bin')
    const torch = await convertCheckpoint(input, path.join(folder, 'tied.bin'), { to: 'torch' })
    const safe = await convertCheckpoint(input, path.join(folder, 'tied.safetensors'), { to: 'safetensors' })
    for (const { tied } of [torch, safe]) expect(tied).toEqual([['embedding.weight', 'head.weight']])
    expect([torch.bytes, safe.bytes]).toEqual([48, 96])
    const checkpoint = await openCheckpoint(path.join(folder, 'tied.bin'))
    const [a, b] = checkpoint.names.map((name) => checkpoint.info(name).source?.offset)
    expect(a).toBe(b)
    await checkpoint.close()
  })

  it('passes tensors on in pieces that fit together', async () => {
    const [file, output] = [path.join(folder, 'big.safetensors'), path.join(folder, 'big.bin')]
    const length = 2 ** 22 + 3 // a piece of 16 MiB and three numbers
    const big = new Generator(5).randn([length])
    await writeSafetensors(file, { big, small: tensor([1, 2], 'int64') })
    const seen: number[] = []
    const onProgress = (done: number, total: number) => seen.push(done / total)
    await convertCheckpoint(file, output, { to: 'torch', dtype: 'bfloat16', onProgress })
    const found = await read(output)
    expect(found.small.toNumbers()).toEqual([1, 2])
    for (const i of [0, 1, 2 ** 22 - 1, 2 ** 22, length - 1]) {
      expect(found.big.data[i]).toBe(toBFloat16Bits(big.data[i] as number))
    }
    expect(seen).toEqual([...seen].sort((x, y) => x - y))
    expect(seen).toHaveLength(3)
    expect(seen[2]).toBe(1)
    const checkpoint = await openCheckpoint(output)
    for (const name of checkpoint.names) expect((checkpoint.info(name).source?.offset ?? 1) % 64).toBe(0)
    await checkpoint.close()
  })

  it('tells which numbers float16 cannot hold', async () => {
    const file = path.join(folder, 'large.safetensors')
    const large = tensor([65504, 65519, 65520, -1e9, Number.POSITIVE_INFINITY, Number.NaN])
    await writeSafetensors(file, { large, fine: tensor([1]), whole: tensor([1e9], 'int64') })
    const output = path.join(folder, 'large16.safetensors')
    const { infinite } = await convertCheckpoint(file, output, { to: 'safetensors', dtype: 'float16' })
    expect(infinite).toEqual({ large: 2 })
    const found = await read(output)
    expect(Array.from(found.large.data as Uint16Array, fromFloat16Bits)).toEqual([
      65504,
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ])
    expect(toFloat16Bits(65519)).toBe(0x7bff)
    expect(found.whole.toNumbers()).toEqual([1e9])
  })

  it('keeps metadata and names, and adds the format', async () => {
    const [file, output] = [path.join(folder, 'named.safetensors'), path.join(folder, 'renamed.safetensors')]
    await writeSafetensors(file, { 'module.ü': zeros([1]), 'module.__proto__': zeros([2]) }, { step: '7' })
    await convertCheckpoint(file, output, { to: 'safetensors' })
    const checkpoint = await openCheckpoint(output, { keepModule: true })
    expect([...checkpoint.names].sort()).toEqual(['module.__proto__', 'module.ü'])
    expect(checkpoint.metadata).toEqual({ step: '7', format: 'pt' })
    await checkpoint.close()
  })

  it('does not write over what it reads, and leaves nothing when it fails', async () => {
    const inside = mkdtempSync(path.join(folder, 'inside-'))
    const file = path.join(inside, 'model.safetensors')
    await writeSafetensors(file, { a: zeros([4]) })
    symlinkSync(file, path.join(inside, 'link'))
    for (const output of [file, path.join(inside, 'link')]) {
      await expect(convertCheckpoint(file, output, { to: 'torch' })).rejects.toThrow(/is what is to be/)
      await expect(convertCheckpoint(inside, output, { to: 'torch' })).rejects.toThrow(/is what is to be/)
    }
    // The file is cut after its header was read.
    writeFileSync(path.join(inside, 'out.bin'), 'old')
    const cut = convertCheckpoint(file, path.join(inside, 'out.bin'), {
      to: 'torch',
      get dtype() {
        writeFileSync(file, readFileSync(file).subarray(0, -8))
        return undefined
      },
    })
    await expect(cut).rejects.toMatchObject({ code: 'corrupt-file' })
    expect(readFileSync(path.join(inside, 'out.bin'), 'utf8')).toBe('old')
    expect(readdirSync(inside).sort()).toEqual(['link', 'model.safetensors', 'out.bin'])
  })
})
