import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint, tensor, writeSafetensors } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { COMMIT, ID, OLD, TOKEN, world } from '../hub/testing/tinyModel.ts'
import { run } from './program.ts'

async function flagai(env: Readonly<Record<string, string | undefined>>, ...args: string[]) {
  let [out, err] = ['', '']
  const code = await run(args, {
    terminal: {
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
      isInteractive: false,
    },
    env,
    loadModel: () => Promise.reject(new Error('not here')),
  })
  return { code, out, err }
}

describe('flagai pull', () => {
  it('prints the folder, and what was downloaded and skipped', async () => {
    await using it = await world()
    const first = await flagai(it.env, 'pull', ID)
    const folder = join(it.cache, 'models--flag-test--tiny/snapshots', COMMIT)
    expect([first.code, first.out]).toEqual([0, `${folder}\n`])
    expect(first.err).toBe(
      '3 files, 340.0 kB, 340.0 kB of them downloaded now\n' +
        'skipped 4 files, 105.3 kB (--include takes them): README.md, onnx/model.onnx, pytorch_model.bin, training_args.bin\n',
    )
    const again = await flagai(it.env, 'pull', ID)
    expect([again.code, again.out]).toEqual([0, `${folder}\n`])
    expect(again.err).toContain('340.0 kB, 0 B of them downloaded now')
  })

  it('takes patterns and a revision, and answers in JSON', async () => {
    await using it = await world()
    const args = ['pull', ID, '--revision', 'v1.0', '--include', '*.json', 'onnx/*', '--exclude', 'tok*']
    const { code, out, err } = await flagai(it.env, ...args, '--json')
    expect([code, err]).toEqual([0, ''])
    const { files, skipped, ...rest } = JSON.parse(out)
    expect(rest).toEqual({
      id: ID,
      commit: OLD,
      folder: join(it.cache, 'models--flag-test--tiny/snapshots', OLD),
      bytes: 5023,
      downloaded: 5023,
    })
    expect(files.map(({ path }: { path: string }) => path)).toEqual(['config.json', 'onnx/model.onnx'])
    expect(skipped).toHaveLength(5)
  })

  it('fails in one line that tells what to do, and never shows the token', async () => {
    await using it = await world({ token: 'hf_other' })
    const env = { ...it.env, HF_TOKEN: TOKEN }
    for (const args of [
      ['pull', ID],
      ['pull', ID, '--debug'],
      ['pull', ID, '--json'],
    ]) {
      const { code, out, err } = await flagai(env, ...args)
      expect([code, out]).toEqual([1, ''])
      expect(err).toMatch(/^flagai: flag-test\/tiny: the hub does not accept the token \(401\).*HF_TOKEN/)
      if (!args.includes('--debug')) expect(err.trim().split('\n')).toHaveLength(1)
      expect(err).not.toContain(TOKEN)
    }
    expect((await flagai(env, 'pull', '../x')).err).toMatch(/is not the name of a model/)
    expect((await flagai(env, 'pull')).code).toBe(2)
  })
})

describe('flagai models --cached', () => {
  it('lists what is in the cache', async () => {
    await using it = await world()
    expect(await flagai(it.env, 'models', '--cached')).toEqual({
      code: 0,
      out: '',
      err: 'No models are in the cache. flagai pull brings one.\n',
    })
    await flagai(it.env, 'pull', ID)
    await mkdir(join(it.cache, 'datasets--flag-test--tiny/snapshots/x'), { recursive: true })
    writeFileSync(join(it.cache, 'models--flag-test--tiny/blobs', `${'0'.repeat(64)}.incomplete`), '12345')
    const { out, err } = await flagai(it.env, 'models', '--cached')
    expect(out).toMatch(/^model +revision +size +last used +folder\n/)
    expect(out).toMatch(/^flag-test\/tiny +main +340\.0 kB +\d{4}-\d\d-\d\d +\/.*\/snapshots\/2{40}\n$/m)
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err).toBe(`${ID}: 5 B of interrupted downloads; flagai pull ${ID} goes on\n`)
    const [model, ...others] = JSON.parse((await flagai(it.env, 'models', '--cached', '--json')).out)
    expect(others).toEqual([])
    expect(model).toMatchObject({
      id: ID,
      commit: COMMIT,
      refs: ['main'],
      size: 340_023,
      files: 3,
      incomplete: 5,
    })
    expect(Number.isNaN(Date.parse(model.lastUsed))).toBe(false)
  })
})

describe('flagai convert', () => {
  it('writes another format and type, and warns of what is lost', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flag-convert-'))
    const [input, output] = [join(folder, 'in.safetensors'), join(folder, 'out.bin')]
    await writeSafetensors(input, { a: tensor([0.5, 1e6]), b: tensor([1, 2], 'int64') })
    const { code, out, err } = await flagai(
      {},
      'convert',
      input,
      '--to',
      'torch',
      '--dtype',
      'fp16',
      '-o',
      output,
    )
    expect([code, out]).toEqual([0, `${output}\n`])
    expect(err).toBe('2 tensors, 20 B\na: 1 numbers are too large for fp16 and became infinite\n')
    const checkpoint = await openCheckpoint(output)
    expect(checkpoint.info('a').dtype).toBe('float16')
    expect((await checkpoint.read('b')).toNumbers()).toEqual([1, 2])
    await checkpoint.close()
    const json = await flagai({}, 'convert', output, '--to', 'safetensors', '--output', `${input}2`, '--json')
    expect(JSON.parse(json.out)).toMatchObject({ path: `${input}2`, tensors: 2, tied: [], infinite: {} })
    expect(readFileSync(`${input}2`).byteLength).toBeGreaterThan(20)
    rmSync(folder, { recursive: true })
  })

  it.each([
    [['convert', 'x.bin'], 2, /--to/],
    [['convert', 'x.bin', '--to', 'onnx', '-o', 'y'], 2, /Allowed choices are safetensors, torch/],
    [['convert', 'x.bin', '--to', 'torch'], 2, /--output/],
    [['convert', '/no/such.bin', '--to', 'torch', '-o', 'y'], 1, /\/no\/such\.bin: no such file or folder/],
  ])('%j exits with %i', async (args, code, message) => {
    const result = await flagai({}, ...args)
    expect([result.code, result.err]).toEqual([code, expect.stringMatching(message)])
  })
})
