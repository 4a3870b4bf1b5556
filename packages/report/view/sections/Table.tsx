import type { SectionOf } from '../../src/contract.ts'
import { DataTable } from '../table/DataTable.tsx'

export function Table({ section: { title, columns, rows, sort } }: { section: SectionOf<'table'> }) {
  return <DataTable name={title} columns={columns} rows={rows} order={sort} />
}
