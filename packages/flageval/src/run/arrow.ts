import { open, rename } from 'node:fs/promises'
import { isRight } from '../records/right.ts'
import type { ColumnLog } from './sampleLog.ts'

/**
 * Writes all samples of a run as one Arrow file (IPC format) for other tools: a row for each record with its column, its hashes,
 * whether the model was right (null where that has no meaning), and the whole record as JSON. The log `samples.jsonl`
 * stays what a run goes on from; this follows from it.
 */
export async function writeArrow(path: string, logs: readonly ColumnLog[]): Promise<void> {
  const { Bool, Dictionary, Int32, Table, tableToIPC, Utf8, vectorFromArray } = await import('apache-arrow')
  const rows = logs.flatMap((log) =>
    'records' in log ? log.records.map((record) => ({ column: log.column, record })) : [],
  )
  const names = (values: string[]) => vectorFromArray(values, new Dictionary(new Utf8(), new Int32()))
  const texts = (values: (string | null)[]) => vectorFromArray(values, new Utf8())
  const table = new Table({
    task: names(rows.map(({ column }) => column.task)),
    version: vectorFromArray(
      rows.map(({ column }) => column.version),
      new Int32(),
    ),
    system: names(rows.map(({ column }) => column.system)),
    language: names(rows.map(({ column }) => column.language)),
    kind: names(rows.map(({ record }) => record.kind)),
    sample: texts(rows.map(({ record }) => record.sample)),
    document: texts(rows.map(({ record }) => record.document)),
    request: texts(rows.map(({ record }) => record.request)),
    cluster: texts(rows.map(({ record }) => record.cluster ?? null)),
    right: vectorFromArray(
      rows.map(({ record }) => isRight(record)),
      new Bool(),
    ),
    record: texts(rows.map(({ record }) => JSON.stringify(record))),
  })
  const file = await open(`${path}.tmp`, 'w')
  try {
    await file.writeFile(tableToIPC(table, 'file'))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}
