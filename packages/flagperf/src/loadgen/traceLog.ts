import type { RunRecord } from './record.ts'
import type { Scenario } from './settings.ts'

const micros = (ns: number) => (ns / 1000).toFixed(3)

/**
 * `mlperf_log_trace.json`: each sample from when it was due to when it was complete, in Chrome's trace event format;
 * in Server also how much of it was spent before it was issued.
 */
export function traceLog(record: RunRecord, scenario: Scenario, startedAtMs: number): string {
  const { pid } = process
  const lines = record.sample.flatMap((index, i) => {
    const scheduled = record.scheduledNs[i]
    const issue = record.issuedNs[i] - scheduled
    const complete = record.completedNs[i] - scheduled
    const args =
      `"sample_seq":${i},"query_seq":${record.query[i]},"sample_idx":${index},` +
      `"issue_start_ns":${issue},"complete_ns":${complete}`
    const sample = (phase: string, ns: number, more: string) =>
      `{"name":"Sample","cat":"default","ph":"${phase}","pid":${pid},"id":${i},"ts":${micros(ns)}${more}},`
    const counter =
      `{"name":"Latency","ph":"C","pid":${pid},"ts":${micros(scheduled)},` +
      `"args":{"issue_delay":${issue},"issue_to_done":${complete - issue}}},`
    return [
      ...(scenario === 'Server' ? [counter] : []),
      sample('b', scheduled, `,"args":{${args}}`),
      sample('e', record.completedNs[i], ''),
    ]
  })
  return `{"traceEvents":[\n${lines.join('\n')}${lines.length > 0 ? '\n' : ''}{"name":"LastTrace"}\n],
"displayTimeUnit":"ns",\n"otherData":{\n"ts":${(startedAtMs * 1000).toFixed(3)},\n"version":"MLPerf LoadGen v1.0"\n}\n}\n`
}
