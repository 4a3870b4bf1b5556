import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { evaCLIPParameters, evaCLIPSpellings } from '../evaclip/parameters.ts'
import { evaCLIPModels } from '../evaclip/published.ts'
import { type ParameterTable, parameterCount } from '../parameters.ts'
import { publishedModelOf } from '../published.ts'
import { goldens } from './goldens.ts'
import { evaParameters } from './parameters.ts'
import { evaModels } from './published.ts'

// Made by tools/oracles/eva.py from the original code's models at their full size.
const published: Record<string, { parameters: number; digest: string }> = JSON.parse(
  readFileSync(`${goldens}published.json`, 'utf8'),
)

/** The table under the names of the original code. */
function tableOf(name: string): ParameterTable {
  // The repository calls the model at 448 pixels "plus".
  const clip = evaCLIPModels[name === 'EVA-CLIP-8B-plus' ? 'EVA-CLIP-8B-448' : name]
  if (!clip) return evaParameters(evaModels[name].config)
  const entries = Object.entries(evaCLIPParameters(clip.config))
  return Object.fromEntries(entries.map(([own, spec]) => [evaCLIPSpellings(own)[0], spec]))
}

it.each(Object.keys(published))('%s has the parameters of the original code, by name and shape', (name) => {
  const table = tableOf(name)
  const lines = Object.entries(table).map(([parameter, { shape }]) => `${parameter} ${shape.join()}`)
  expect(parameterCount(table)).toBe(published[name].parameters)
  expect(createHash('sha256').update(lines.sort().join('\n')).digest('hex')).toBe(published[name].digest)
})

// Parameters in millions as the repositories and the papers give them, rounded there in various ways.
it.each([
  ['eva_21k_1k_336px_psz14_ema_89p6', 1000],
  ['eva_l_psz14_336px_1k_ft_88p65', 304],
  ['eva02_Ti_pt_in21k_ft_in1k_p14', 6],
  ['eva02_S_pt_in21k_ft_in1k_p14', 22],
  ['eva02_B_pt_in21k_p14', 86],
  ['eva02_L_pt_in21k_p14', 304],
  ['EVA01-CLIP-g-14', 1100],
  ['EVA01-CLIP-g-14-plus', 1300],
  ['EVA02-CLIP-B-16', 149],
  ['EVA02-CLIP-L-14', 428],
  ['EVA02-CLIP-L-14-336', 428],
  ['EVA02-CLIP-bigE-14', 4700],
  ['EVA02-CLIP-bigE-14-plus', 5000],
  ['EVA-CLIP-8B', 8100],
  ['EVA-CLIP-18B', 18100],
])('%s has about %d million parameters', (name, millions) => {
  expect(Math.abs(parameterCount(tableOf(name)) / (1e6 * millions) - 1)).toBeLessThan(0.06)
})

it('finds published models by name and by file, wherever it lies', () => {
  const base = evaCLIPModels['EVA02-CLIP-B-16']
  expect(publishedModelOf(evaCLIPModels, 'EVA02-CLIP-B-16')).toBe(base)
  expect(publishedModelOf(evaCLIPModels, '/models/EVA02_CLIP_B_psz16_s8B.pt')).toBe(base)
  expect(publishedModelOf(evaCLIPModels, 'C:\\models\\EVA02_CLIP_B_psz16_s8B.pt')).toBe(base)
  expect(publishedModelOf(evaCLIPModels, 'other.pt')).toBeUndefined()
})
