import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeText } from '../files.ts'
import { environment } from '../results/environment.ts'
import { type CaseRow, parseRow } from '../results/schema.ts'
import { type CaseLimits, runCase } from './runCase.ts'
import type { CaseSpec } from './spec.ts'

/**
 * Measures a case and keeps its row in a folder, or reads what was measured before: of the same spec and contents of its
 * model, on the same machine with the same versions. A run that was stopped goes on where it was. Throws `corrupt-file`
 * for a file in the folder that is no row.
 */
export async function keptOrMeasured(
  folder: string,
  name: string,
  spec: CaseSpec,
  limits: CaseLimits,
  measure: typeof runCase = runCase,
): Promise<CaseRow> {
  const { fingerprint } = environment()
  const contents = await Promise.all(filesOf(spec).map(digestOf))
  const what = JSON.stringify({ ...spec, contents, fingerprint })
  const path = join(folder, `${createHash('sha256').update(what).digest('hex').slice(0, 16)}.json`)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) return { ...parseRow(text, path), name }
  const row = await measure(name, spec, limits)
  await mkdir(folder, { recursive: true })
  await writeText(path, `${JSON.stringify(row)}\n`)
  return row
}

/** Files whose contents a case depends on: the name of a model may come to mean another. */
function filesOf(spec: CaseSpec): string[] {
  if ('model' in spec) return [spec.model]
  if (spec.kind === 'train') return [spec.task]
  return spec.kind === 'op' && typeof spec.from === 'object' ? [spec.from.model] : []
}

/** Of the file's contents; a file that cannot be read is a result of the case, told apart by its path. */
async function digestOf(path: string): Promise<string> {
  const bytes = await readFile(resolve(path)).catch(() => path)
  return createHash('sha256').update(bytes).digest('hex')
}
