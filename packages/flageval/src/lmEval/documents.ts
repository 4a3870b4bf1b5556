import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, extname, isAbsolute, join, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { readDocuments } from '../datasets/formats/tables.ts'
import type { Doc, TaskConfig } from './config.ts'

/** Where data sets lie that a task names by their name on a hub: `path` or `path/name` to a folder. */
export type DataFolders = Readonly<Record<string, string>>

const FORMATS = ['json', 'parquet', 'csv', 'text']
const EXTENSIONS = ['.jsonl', '.json', '.parquet', '.csv', '.txt']

/** The documents of every split, by its name. */
export type Splits = Readonly<Record<string, readonly Doc[]>>

/**
 * Loads what `dataset_path`, `dataset_name` and `dataset_kwargs` name: `json`, `parquet`, `csv` or `text` with
 * `data_files`, a local folder, or the folder that `folders` gives for a name. In a folder, the split is the file's name
 * up to its first dot or dash (`test.jsonl`, `test-00000-of-00001.parquet`). Relative paths are looked for beside the
 * task's file, then in the working folder. Throws `not-found`, `corrupt-file`.
 */
export async function loadDocuments(
  config: TaskConfig,
  folder: string,
  where: (path: readonly PropertyKey[]) => string,
  folders: DataFolders = {},
): Promise<Splits> {
  const { dataset_path: path, dataset_name: name, dataset_kwargs: kwargs } = config
  if (config.custom_dataset) {
    const load = config.custom_dataset as (options: unknown) => Promise<Splits>
    return fillMissing(await load({ ...config.metadata, ...kwargs }))
  }
  const local = (file: string) =>
    isAbsolute(file) ? file : ([join(folder, file), resolve(file)].find(existsSync) ?? join(folder, file))
  const files = kwargs?.data_files
  if (path && FORMATS.includes(path) && files !== undefined) {
    const bySplit = typeof files === 'object' && !Array.isArray(files) ? files : { train: files }
    const base = typeof kwargs?.data_dir === 'string' ? kwargs.data_dir : ''
    const splits = Object.entries(bySplit as Record<string, string | string[]>).map(async ([split, list]) => {
      const parts = [list].flat().map((file) => {
        const found = local(join(base, file))
        if (!existsSync(found)) {
          throw new FlagError(
            'not-found',
            `${where(['dataset_kwargs', 'data_files'])}: no such file ${found}`,
          )
        }
        return readDocuments(found, path)
      })
      return [split, (await Promise.all(parts)).flat()] as const
    })
    return fillMissing(Object.fromEntries(await Promise.all(splits)))
  }
  const given = folders[`${path}/${name}`] ?? (path ? folders[path] : undefined)
  const place = given ?? (typeof kwargs?.data_dir === 'string' ? kwargs.data_dir : undefined) ?? path
  const found = place ? local(place) : undefined
  if (found === undefined || !existsSync(found) || !statSync(found).isDirectory()) {
    throw new FlagError(
      'not-found',
      `${where(['dataset_path'])}: ${path ?? 'no data set'} is not on this machine`,
      {
        hint: `put its files in a folder, named by split (test.jsonl, train.parquet), and give it: --data ${path}${name ? `/${name}` : ''}=<folder>`,
      },
    )
  }
  const inner = name && existsSync(join(found, name)) ? join(found, name) : found
  return fillMissing(await readFolder(inner))
}

async function readFolder(folder: string): Promise<Record<string, Doc[]>> {
  const splits: Record<string, Doc[]> = {}
  for (const file of (await readdir(folder)).sort()) {
    if (!EXTENSIONS.includes(extname(file))) continue
    const split = basename(file).split(/[.-]/)[0]
    splits[split] = [...(splits[split] ?? []), ...(await readDocuments(join(folder, file)))]
  }
  if (Object.keys(splits).length === 0) {
    throw new FlagError('not-found', `${folder}: no file of ${EXTENSIONS.join(', ')}`)
  }
  return splits
}

/** A table has every column in every row: what a row lacks is null. */
function fillMissing(splits: Splits): Splits {
  return Object.fromEntries(
    Object.entries(splits).map(([split, docs]) => {
      const columns = [...new Set(docs.flatMap((doc) => Object.keys(doc)))]
      return [split, docs.map((doc) => Object.fromEntries(columns.map((key) => [key, doc[key] ?? null])))]
    }),
  )
}
