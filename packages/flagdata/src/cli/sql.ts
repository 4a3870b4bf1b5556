import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { columns, printable, type Terminal } from '@flag/core-tensor/terminal'
import { type Command, Option } from 'commander'
import { DataError } from '../errors.ts'

/** The functions of DuckDB that read files by their endings. */
const readers: readonly [RegExp, string][] = [
  [/\.(jsonl|ndjson|json)(\.gz|\.zst)?$/, 'read_json_auto'],
  [/\.parquet$/, 'read_parquet'],
  [/\.(csv|tsv)(\.gz|\.zst)?$/, 'read_csv_auto'],
]

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

/** A view over the files of a folder; undefined if DuckDB reads none of them. */
async function viewOf(name: string, folder: string): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [] as string[])).sort()
  for (const [ending, reader] of readers) {
    const files = names.filter((file) => ending.test(file)).map((file) => quoted(join(folder, file)))
    if (files.length === 0) continue
    const options = reader === 'read_json_auto' ? ", format = 'newline_delimited', sample_size = -1" : ''
    return `CREATE VIEW ${name} AS SELECT * FROM ${reader}([${files.join(', ')}], union_by_name = true${options})`
  }
  return undefined
}

/**
 * Runs a query in DuckDB. With `from`, `documents` and `removed` are views over the folder of a run.
 *
 * @returns the rows, by the names of their columns
 * @throws DataError `not-found` without DuckDB or files, `runtime` with its message
 */
async function query(sql: string, from?: string): Promise<Record<string, unknown>[]> {
  const { DuckDBInstance } = await import('@duckdb/node-api').catch((cause) => {
    throw new DataError('not-found', 'flagdata sql needs DuckDB', {
      hint: 'npm install @duckdb/node-api',
      cause,
    })
  })
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    if (from !== undefined) {
      const views = [await viewOf('documents', from), await viewOf('removed', join(from, 'removed'))]
      if (views.every((view) => view === undefined))
        throw new DataError('not-found', `${from}: no file that DuckDB reads`, {
          hint: 'expected JSON lines, Parquet or CSV',
        })
      for (const view of views) if (view !== undefined) await connection.run(view)
    }
    const result = await connection.runAndReadAll(sql)
    return result.getRowObjectsJson()
  } catch (error) {
    if (error instanceof DataError) throw error
    throw new DataError('runtime', `DuckDB: ${(error as Error).message}`, { cause: error })
  } finally {
    connection.closeSync()
  }
}

export function addSql(program: Command, terminal: Terminal): void {
  program
    .command('sql')
    .description('ask DuckDB about documents: it reads JSON lines, Parquet and CSV where they lie')
    .argument('<query>', "SQL; files are named as tables: FROM 'clean/*.parquet'")
    .option('--from <output>', 'folder of a run: the tables documents and removed')
    .addOption(new Option('--json', 'print one JSON document'))
    .addHelpText(
      'after',
      `
Examples:
  flagdata sql "SELECT removed.reason, count(*) FROM removed GROUP BY 1" --from clean
  flagdata sql "COPY (SELECT * FROM documents WHERE length(text) > 1000) TO 'long.parquet'" --from clean`,
    )
    .action(async (sql, options) => {
      const rows = await query(sql, options.from)
      if (options.json) {
        terminal.out(`${JSON.stringify(rows, null, 2)}\n`)
        return
      }
      if (rows.length === 0) {
        terminal.err('no rows\n')
        return
      }
      const names = Object.keys(rows[0])
      const cell = (value: unknown) =>
        printable(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 200)
      const numeric = names.map((name) => rows.every((row) => /^-?[\d.]+$/.test(cell(row[name]))))
      const table = [names, ...rows.map((row) => names.map((name) => cell(row[name])))]
      terminal.out(`${columns(table, (i) => numeric[i])}\n`)
    })
}
