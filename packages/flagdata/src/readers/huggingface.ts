import { readdir, readFile, stat } from 'node:fs/promises'
import { join, posix, relative, sep } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { DataError } from '../errors.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { formatOf } from './formats.ts'
import { globToRegExp } from './glob.ts'
import type { FileFormat } from './piece.ts'

/** A file of a dataset folder. */
export interface DataFile {
  path: string
  format: FileFormat
  split: string
}

const fileSchema = z.looseObject({
  _data_files: z.array(z.looseObject({ filename: z.string() })),
  _split: z.string().nullish(),
})
const patterns = z.union([z.string(), z.array(z.string())])
const configSchema = z.looseObject({
  config_name: z.string().default('default'),
  default: z.boolean().default(false),
  data_dir: z.string().default(''),
  data_files: z
    .union([
      patterns,
      z.array(z.looseObject({ split: z.string(), path: patterns })),
      z.record(z.string(), patterns),
    ])
    .optional(),
})
const cardSchema = z.looseObject({ configs: z.array(configSchema).optional() })

/** How names of files and folders speak of splits. */
const splitWords: [string, string][] = [
  ['validation', 'validation|valid|dev|val'],
  ['test', 'testing|test|evaluation|eval'],
  ['train', 'training|train'],
]
const splitPatterns = splitWords.map(
  ([split, words]) => [split, new RegExp(`(^|[ ._\\-0-9/])(${words})([ ._\\-0-9/]|$)`, 'i')] as const,
)
const shard = /(?:^|\/)data\/([^/]+?)-\d{5}-of-\d{5}[^/]*$/

/**
 * The data files of a local folder, as `datasets` finds them: of `save_to_disk` by its `state.json`; by the `configs`
 * in the front matter of `README.md`; else by names such as `data/train-00000-of-00002.parquet` and `test.csv`, where
 * the most frequent format counts.
 *
 * @throws DataError `not-found` for a configuration, a split or files that are not there, `corrupt-file` for a card or
 *   state that is not understood
 */
export async function findDataFiles(config: ReadConfig): Promise<DataFile[]> {
  const { path, split } = config
  const files = (await savedFiles(path)) ?? (await filesOfFolder(config))
  if (files.length === 0) throw new DataError('not-found', `${path}: no data files`)
  const chosen = split === undefined ? files : files.filter((file) => file.split === split)
  if (chosen.length === 0)
    throw new DataError('not-found', `${path}: no split "${split}"`, {
      hint: `known: ${[...new Set(files.map((file) => file.split))].join(', ')}`,
    })
  return chosen
}

/** What `save_to_disk` wrote of a dataset, or of several by split. */
async function savedFiles(folder: string): Promise<DataFile[] | undefined> {
  const all = await readJson(
    join(folder, 'dataset_dict.json'),
    z.looseObject({ splits: z.array(z.string()) }),
  )
  if (all !== undefined) {
    const parts = await Promise.all(all.splits.map((split) => savedFiles(join(folder, split))))
    return parts.flatMap((files, i) => (files ?? []).map((file) => ({ ...file, split: all.splits[i] })))
  }
  const state = await readJson(join(folder, 'state.json'), fileSchema)
  return state?._data_files.map(({ filename }) => ({
    path: join(folder, filename),
    format: 'arrow',
    split: state._split ?? 'train',
  }))
}

async function readJson<Schema extends z.ZodType>(path: string, schema: Schema) {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text)) as z.output<Schema>
  } catch (error) {
    throw new DataError('corrupt-file', `${path}: not what save_to_disk writes`, { cause: error })
  }
}

async function filesOfFolder(config: ReadConfig): Promise<DataFile[]> {
  const { path: folder } = config
  if (!(await stat(folder)).isDirectory())
    throw new DataError('invalid-argument', `${folder}: huggingface reads a folder, not a file`)
  const names = await dataNames(folder)
  const card = await readCard(folder)
  const chosen = chooseConfig(card, config)
  const dataFiles = chosen?.data_files
  const inFolder = names.filter((name) =>
    name.startsWith(posix.join(chosen?.data_dir ?? '', '/').replace(/^\//, '')),
  )
  if (dataFiles === undefined) return byNames(folder, inFolder)
  const entries: [string, string[]][] =
    typeof dataFiles === 'string'
      ? [['train', [dataFiles]]]
      : !Array.isArray(dataFiles)
        ? Object.entries(dataFiles).map(([split, paths]) => [split, [paths].flat()])
        : dataFiles.map((entry) =>
            typeof entry === 'string' ? ['train', [entry]] : [entry.split, [entry.path].flat()],
          )
  return entries.flatMap(([split, globs]) =>
    globs.flatMap((glob) => {
      const matches = globToRegExp(posix.join(chosen?.data_dir ?? '', glob))
      const found = names.filter((name) => matches.test(name))
      if (found.length === 0)
        throw new DataError(
          'not-found',
          `${join(folder, 'README.md')}: no file for ${glob} of split ${split}`,
        )
      return found.map((name) => fileOf(folder, name, split))
    }),
  )
}

function fileOf(folder: string, name: string, split: string): DataFile {
  const format = formatOf(name)
  if (format === undefined)
    throw new DataError('unsupported', `${join(folder, name)}: not a format that is read`, {
      hint: 'jsonl, text, parquet, arrow, csv, tsv, warc, webdataset',
    })
  return { path: join(folder, ...name.split('/')), format, split }
}

/** The front matter of the card. */
async function readCard(folder: string): Promise<z.output<typeof cardSchema>> {
  const path = join(folder, 'README.md')
  const text = await readFile(path, 'utf8').catch(() => '')
  const matter = /^\ufeff?---\r?\n(.*?)\r?\n---(\r?\n|$)/s.exec(text)?.[1]
  if (matter === undefined) return {}
  try {
    return cardSchema.parse(parse(matter) ?? {})
  } catch (error) {
    throw new DataError('corrupt-file', `${path}: front matter that is not understood`, { cause: error })
  }
}

function chooseConfig({ configs = [] }: z.output<typeof cardSchema>, { path, config }: ReadConfig) {
  const chosen =
    config === undefined
      ? (configs.find((it) => it.default) ??
        configs.find(({ config_name }) => config_name === 'default') ??
        (configs.length === 1 ? configs[0] : undefined))
      : configs.find(({ config_name }) => config_name === config)
  if (chosen === undefined && (config !== undefined || configs.length > 0))
    throw new DataError(
      'not-found',
      config === undefined ? `${path}: several configurations` : `${path}: no configuration "${config}"`,
      { hint: `set config to one of ${configs.map(({ config_name }) => config_name).join(', ')}` },
    )
  return chosen
}

/** Files below a folder that can be data, with `/` between folders, sorted. */
async function dataNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((name) => !/(^|\/)(\.|__)/.test(name) && !/^(README\.md|dataset_infos?\.json)$/.test(name))
    .sort((a, b) => (a < b ? -1 : 1))
}

function byNames(folder: string, names: readonly string[]): DataFile[] {
  const counts = new Map<FileFormat, number>()
  for (const name of names) {
    const format = formatOf(name)
    if (format) counts.set(format, (counts.get(format) ?? 0) + 1)
  }
  const [format] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['jsonl', 0])
  return names
    .filter((name) => formatOf(name) === format)
    .map((name) => fileOf(folder, name, splitOf(name)))
    .sort((a, b) => rank(a.split) - rank(b.split))
}

const splitOf = (name: string): string =>
  shard.exec(name)?.[1] ?? splitPatterns.find(([, pattern]) => pattern.test(name))?.[0] ?? 'train'

/** Training data first, as everywhere. */
const rank = (split: string) => ['train', 'validation', 'test'].indexOf(split) >>> 0
