import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Checkpoint, openCheckpoint } from '@flag/core-tensor'
import type { ConformanceCase } from '../conformance.ts'
import { type AltCLIPConfig, parseAltCLIPConfig } from './config.ts'
import { differences } from './conformance.ts'
import { findWeights } from './weights.ts'

// Made by tools/oracles/altclip.py: transformers 5.24.0, torch 2.13.0, seed 3.
export const goldens = fileURLToPath(new URL('../../../goldens/altclip/', import.meta.url))

export const goldenConfig = (folder: string): AltCLIPConfig =>
  parseAltCLIPConfig(JSON.parse(readFileSync(`${goldens}${folder}/config.json`, 'utf8')))

export interface GoldenCase {
  readonly title: string
  /** Folder of the configuration. */
  readonly model: string
  /** File or folder of the weights. */
  readonly weights: string
  readonly expected: string
}

const layout = (name: string, title: string, expected = 'altclip/expected.safetensors'): GoldenCase => ({
  title,
  model: `layouts/${name}`,
  weights: name === 'flagai' ? 'layouts/flagai/120' : `layouts/${name}`,
  expected,
})

/** Every model, layout and input that is compared with transformers. */
export const cases: readonly GoldenCase[] = [
  {
    title: 'AltCLIP pattern, safetensors',
    model: 'altclip',
    weights: 'altclip',
    expected: 'altclip/expected.safetensors',
  },
  layout('sharded-safetensors', 'AltCLIP pattern, sharded safetensors'),
  layout('bin', 'AltCLIP pattern, pytorch_model.bin'),
  layout('sharded-bin', 'AltCLIP pattern, sharded .bin'),
  layout('transformers5', 'AltCLIP pattern, as transformers 5 saves it'),
  layout('flagai', "AltCLIP pattern, as FlagAI's trainer saves it"),
  layout('wrapped', "AltCLIP pattern, .bin with {'state_dict': {'module.…'}}"),
  layout('fp16', 'AltCLIP pattern, float16 safetensors', 'layouts/fp16/expected.safetensors'),
  layout('bf16', 'AltCLIP pattern, bfloat16 safetensors', 'layouts/bf16/expected.safetensors'),
  {
    title: 'AltCLIP-m18 pattern (gelu, equal widths, deeper vision tower)',
    model: 'altclip-m18',
    weights: 'altclip-m18',
    expected: 'altclip-m18/expected.safetensors',
  },
  ...[
    ['expected', 'odd sizes: 30 px in patches of 7, longest text'],
    ['interpolated', 'odd sizes, pictures of 37 × 58 px (interpolated positions)'],
    ['interpolated-smaller', 'odd sizes, pictures of 16 × 16 px (interpolated positions)'],
  ].map(([file, title]) => ({
    title,
    model: 'odd',
    weights: 'odd',
    expected: `odd/${file}.safetensors`,
  })),
]

/** The greatest absolute difference to transformers, for each output of a case. */
export async function differencesOf(golden: GoldenCase): Promise<Record<string, number>> {
  const opened: Checkpoint[] = []
  const open = async (name: string) => {
    const checkpoint = await openCheckpoint(goldens + name)
    opened.push(checkpoint)
    return checkpoint
  }
  try {
    const config = goldenConfig(golden.model)
    const weights = await findWeights(await open(golden.weights), config, golden.weights)
    return await differences(config, weights, await open(golden.expected))
  } finally {
    await Promise.all(opened.map((checkpoint) => checkpoint.close()))
  }
}

/** The cases as the table of all models lists them. */
export const conformanceCases: readonly ConformanceCase[] = cases.map((golden) => ({
  model: 'AltCLIP',
  title: golden.title,
  reference: 'transformers 5.24.0',
  differences: () => differencesOf(golden),
}))
