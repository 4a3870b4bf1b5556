import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { changed } from './change.ts'

/** OpenCC's configurations as pairs of what opencc-js calls a locale. */
const modes = {
  s2t: ['cn', 't'],
  t2s: ['t', 'cn'],
  s2tw: ['cn', 'tw'],
  tw2s: ['tw', 'cn'],
  s2hk: ['cn', 'hk'],
  hk2s: ['hk', 'cn'],
  s2twp: ['cn', 'twp'],
  tw2sp: ['twp', 'cn'],
  t2tw: ['t', 'tw'],
  tw2t: ['tw', 't'],
  hk2t: ['hk', 't'],
  t2hk: ['t', 'hk'],
  t2jp: ['t', 'jp'],
  jp2t: ['jp', 't'],
} as const

const names = Object.keys(modes) as [keyof typeof modes, ...(keyof typeof modes)[]]

async function converter(mode: keyof typeof modes) {
  const { Converter } = await import('opencc-js')
  const [from, to] = modes[mode]
  return Converter({ from, to })
}

/** Converts between simplified Chinese, traditional Chinese of several places, and Japanese characters. */
export const chineseConversionPruner = defineStep({
  name: 'chinese-conversion-pruner',
  summary:
    'Converts between simplified Chinese (s), traditional Chinese (t; tw, hk: of Taiwan, Hong Kong; p: with its words) and Japanese characters (jp).',
  source: `${flagData('data_operator/pruner/chinese_conversion_pruner.py')}; the dictionaries of OpenCC by opencc-js`,
  options: z.strictObject({ mode: z.enum(names).default('s2t').describe('a configuration of OpenCC') }),
  prepare: ({ mode }) => converter(mode),
  create: (_options, convert) => (text) => changed(text, convert(text.value)),
})

/** Traditional to simplified Chinese, as FlagData's first cleaner names it. */
export const simplifiedFilter = defineStep({
  name: 'simplified-filter',
  summary: 'Converts traditional Chinese to simplified Chinese.',
  source:
    'FlagData 1.0, flagdata/cleaner/utils/filter.py (https://github.com/FlagOpen/FlagData); OpenCC by opencc-js',
  options: z.strictObject({
    configFile: z
      .enum(names.map((name) => `${name}.json` as const))
      .default('t2s.json')
      .describe('a configuration of OpenCC'),
  }),
  prepare: ({ configFile }) => converter(configFile.slice(0, -'.json'.length) as keyof typeof modes),
  create: (_options, convert) => (text) => changed(text, convert(text.value)),
})
