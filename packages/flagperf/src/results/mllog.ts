import {
  type DetailEntry,
  detailLine,
  entries,
  errorEntries,
  resultEntries,
  settingsEntries,
} from '../loadgen/detailLog.ts'
import { resultOf } from '../loadgen/result.ts'
import { derive, measuredRun } from './derive.ts'
import type { CaseRow, ResultFile } from './schema.ts'

/**
 * A result as `:::MLLOG` lines, the format of MLPerf's logs. Load tests have the keys of LoadGen's detail log;
 * everything else is what was derived, under its path (`result_ratio`, `result_otherClock.low`). `time_ms` is the time
 * of the result for every line.
 */
export function toMllog(result: ResultFile): string {
  const { environment, createdAt, cases } = result
  const time = BigInt(Date.parse(createdAt) || 0) * 1_000_000n
  const about = entries({
    test_datetime: createdAt,
    ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [`environment_${name}`, value])),
  })
  const lines = [...about, ...cases.flatMap(caseEntries)]
  return lines.map((entry) => `${detailLine(entry, time)}\n`).join('')
}

function caseEntries({ name, status, message, raw }: CaseRow): DetailEntry[] {
  const head = entries({
    case_name: name,
    case_status: status,
    ...(message ? { case_message: message } : {}),
  })
  if (!raw || status !== 'ok') return head
  if (raw.kind !== 'model') return [...head, ...flat('result', derive(raw))]
  const run = measuredRun(raw, name)
  return [
    ...head,
    ...settingsEntries(run.settings),
    ...errorEntries(run),
    ...resultEntries(run, resultOf(run)),
  ]
}

/** The numbers, texts and truth values in an object, by their paths. */
function flat(prefix: string, value: Readonly<Record<string, unknown>>): DetailEntry[] {
  return Object.entries(value).flatMap(([key, each]): DetailEntry[] => {
    const name = prefix === 'result' ? `result_${key}` : `${prefix}.${key}`
    if (typeof each === 'object' && each !== null) return flat(name, each as Record<string, unknown>)
    return each === null || each === undefined ? [] : [{ key: name, value: JSON.stringify(each) }]
  })
}
