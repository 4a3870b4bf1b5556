import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import type { Json } from '../../document.ts'
import { DataError } from '../../errors.ts'
import { readChunks } from '../../readers/chunks.ts'
import { readLines } from '../../readers/lines.ts'

/** A file of evaluation samples: a row each, with what is asked and what is answered. */
export const evaluationSetSchema = z.strictObject({
  /** JSON lines (plain, `.gz`, `.zst`), Parquet, or a task of lm-eval in YAML whose data are local files. */
  path: z.string().min(1),
  /** What contaminated documents are said to contain; by default the file's name. */
  task: z.string().min(1).optional(),
  /** Field of the answer, or a template such as `{{choices}}`; a list gives several answers. */
  label: z.string().min(1).default('answer'),
  /** The same for what is asked; samples may lack it. */
  query: z.string().min(1).default('question'),
})

export type EvaluationSet = z.output<typeof evaluationSetSchema>

export interface Sample {
  task: string
  label: string
  query?: string
}

type Row = { [field: string]: Json }

/**
 * The samples of an evaluation set, one for each answer.
 *
 * @throws DataError `not-found`, `corrupt-file` with file and line for a broken row, `unsupported` for a task of lm-eval
 *   that is not made of local files and of fields
 */
export async function* readEvaluationSet(set: EvaluationSet): AsyncGenerator<Sample> {
  if (/\.ya?ml$/i.test(set.path)) {
    for (const part of await readLmEvalTask(set.path)) yield* readEvaluationSet(part)
    return
  }
  const task = set.task ?? basename(set.path).replace(/\.(jsonl|ndjson|json|parquet)(\.gz|\.zst)?$/i, '')
  const rows = /\.parquet$/i.test(set.path) ? readParquetRows(set.path) : readJsonRows(set.path)
  let any = false
  for await (const row of rows) {
    const query = asText(fill(set.query, row))
    const answers = fill(set.label, row)
    for (const answer of Array.isArray(answers) ? answers : [answers]) {
      const label = asText(answer)
      if (label === undefined && query === undefined) continue
      any = true
      yield { task, label: label ?? '', ...(query === undefined ? {} : { query }) }
    }
  }
  if (!any)
    throw new DataError('invalid-argument', `${set.path}: no row has "${set.label}" or "${set.query}"`, {
      hint: 'say with label and query which fields hold answer and question',
    })
}

/** The value of a field, or of a template whose only value it is, or a template's text. */
function fill(template: string, row: Row): Json | undefined {
  const only = /^\{\{\s*([\w.]+)\s*\}\}$/.exec(template)
  if (only) return at(row, only[1])
  if (!template.includes('{{')) return at(row, template)
  return template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name) => asText(at(row, name)) ?? '')
}

function at(row: Row, path: string): Json | undefined {
  let value: Json | undefined = row
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined
    value = value[name]
  }
  return value
}

const asText = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

async function* readJsonRows(path: string): AsyncGenerator<Row> {
  const refuse = (offset: number, found: string): never => {
    throw new DataError('corrupt-file', `${path}: at byte ${offset}: ${found}`, {
      hint: 'expected an object of JSON on each line',
    })
  }
  const chunks = readChunks(path, { start: 0, end: Infinity }, (_, found) => refuse(0, found))
  const range = { start: 0, end: Infinity, maxBytes: 64 * 1024 * 1024 }
  try {
    for await (const { bytes, offset } of readLines(chunks, range, (at) => refuse(at, 'a line too long'))) {
      const line = bytes.toString('utf8').trim()
      if (line === '') continue
      let row: Json = null
      try {
        row = JSON.parse(line)
      } catch (error) {
        refuse(offset, (error as Error).message)
      }
      if (typeof row !== 'object' || row === null || Array.isArray(row)) refuse(offset, 'no object')
      else yield row
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new DataError('not-found', `${path}: no such file`)
  }
}

async function* readParquetRows(path: string): AsyncGenerator<Row> {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet')
  const file = await asyncBufferFromFile(path).catch((error: Error) => {
    throw new DataError('not-found', `${path}: ${error.message}`)
  })
  const rows = await parquetReadObjects({ file }).catch((error: Error) => {
    throw new DataError('corrupt-file', `${path}: ${error.message}`)
  })
  yield* rows as Row[]
}

const lmEvalSchema = z.looseObject({
  task: z.string(),
  dataset_kwargs: z.object({ data_files: z.unknown() }),
  doc_to_text: z.string().default('question'),
  doc_to_target: z.union([z.string(), z.number()]).default('answer'),
})

/** The data files of a task of lm-eval, with its templates as far as they name fields. */
async function readLmEvalTask(path: string): Promise<EvaluationSet[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new DataError('not-found', `${path}: no such file`)
  })
  const parsed = lmEvalSchema.safeParse(parse(text, { logLevel: 'silent' }))
  if (!parsed.success) {
    const [{ path: at, message }] = parsed.error.issues
    throw new DataError('unsupported', `${path}: ${at.join('.')}: ${message}`, {
      hint: 'only tasks with dataset_kwargs.data_files can be read; give the files themselves',
    })
  }
  const { task, doc_to_text: query, doc_to_target: label, dataset_kwargs } = parsed.data
  if (/\{%/.test(`${query}${label}`))
    throw new DataError('unsupported', `${path}: its templates hold statements`, {
      hint: 'give the data files with label and query',
    })
  const files = [Object.values({ files: dataset_kwargs.data_files }), []].flat(3) as unknown[]
  const names = files.flatMap((entry) =>
    typeof entry === 'string'
      ? [entry]
      : Object.values((entry ?? {}) as Record<string, string | string[]>).flat(),
  )
  return names.map((name) => ({
    path: name.startsWith('/') ? name : join(dirname(path), name),
    task,
    label: String(label),
    query,
  }))
}
