import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Generator } from '@flag/core-tensor'
import type { Environment } from '../environment.ts'
import { type HubModel, startHub } from './hubServer.ts'

export const ID = 'flag-test/tiny'
export const [OLD, COMMIT] = ['1', '2'].map((digit) => digit.repeat(40))
/** In no message, log or file. */
export const TOKEN = 'hf_SecretSecretSecretSecret'

/** Bytes that compress to nothing and repeat nothing. */
const noise = (seed: number, size: number) => new Generator(seed).randn([size]).bytes.slice(0, size)
const text = (content: string) => Buffer.from(content)

export const WEIGHTS = noise(7, 300_000)

/** A model with what most have: configuration, tokenizer, weights in two formats, and things that nobody asked for. */
export const files = {
  'README.md': text('# Tiny\n'),
  'config.json': text('{"model_type": "tiny"}\n'),
  'model.safetensors': WEIGHTS,
  'onnx/model.onnx': noise(8, 5000),
  'pytorch_model.bin': noise(9, 100_000),
  'tokenizer.json': noise(10, 40_000),
  'training_args.bin': noise(11, 300),
}

export const tiny: HubModel = {
  id: ID,
  refs: { main: COMMIT, 'v1.0': OLD, 'refs/pr/1': OLD },
  commits: { [COMMIT]: files, [OLD]: { ...files, 'model.safetensors': noise(12, 2000) } },
  lfs: ['model.safetensors', 'pytorch_model.bin', 'tokenizer.json', 'onnx/model.onnx', 'training_args.bin'],
}

/** A hub with the tiny model, and an empty cache. */
export async function world(changes: Partial<HubModel> = {}) {
  const home = await mkdtemp(join(tmpdir(), 'flag-hub-'))
  const hub = await startHub([{ ...tiny, ...changes }])
  const env: Environment = { HF_HOME: home, HF_ENDPOINT: hub.url }
  return {
    hub,
    env,
    home,
    cache: join(home, 'hub'),
    async [Symbol.asyncDispose]() {
      await hub.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}
