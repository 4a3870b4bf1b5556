import { fileURLToPath } from 'node:url'
import {
  type FaultOutcome,
  faultCases,
  NEEDED_BYTES,
  runFault,
} from '../../packages/flagai/src/hub/testing/faults.ts'
import { environment, writeResult } from '../repo/result.ts'
import { markdownTable, writeSection } from '../repo/section.ts'

// Runs every fault of the hub tests against the hub server on loopback and writes the table of docs/hub.md.
// Usage: node --import tsx tools/conformance/hub.ts [--json file]

const page = fileURLToPath(new URL('../../docs/hub.md', import.meta.url))
const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`

function endOf({ ended, waits }: FaultOutcome): string {
  const seconds = waits.reduce((sum, ms) => sum + ms, 0) / 1000
  return `${ended === 'done' ? 'done' : `\`${ended}\``}${seconds > 0 ? `, after waiting ${Math.round(seconds)} s` : ''}`
}

function stateOf({ state }: FaultOutcome): string {
  const partial = Object.values(state.partial)
  const parts = [
    `${state.blobs.length} of 3 files`,
    ...(partial.length > 0 ? [`${kilobytes(partial.reduce((sum, bytes) => sum + bytes, 0))} in parts`] : []),
    Object.keys(state.refs).length > 0 ? 'revision noted' : 'no revision noted',
  ]
  if (state.blobs.length === 0 && partial.length === 0) return 'empty'
  return parts.join(', ')
}

const faultsOf = ({ state, stateAfterNext }: FaultOutcome) => [
  ...state.unsound,
  ...state.locks,
  ...stateAfterNext.unsound,
  ...stateAfterNext.locks,
  ...Object.keys(stateAfterNext.partial),
  ...(stateAfterNext.blobs.length === 3 ? [] : ['files are missing']),
]

const outcomes: FaultOutcome[] = []
for (const fault of faultCases) {
  const { printed: _, ...outcome } = await runFault(fault)
  outcomes.push(outcome)
}
const inTable = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const table = markdownTable(
  ['what goes wrong', 'how it ends', 'what is printed', 'the cache then', 'the next run downloads'],
  outcomes.map((outcome) => [
    outcome.fault,
    endOf(outcome),
    inTable(outcome.seen) || '–',
    stateOf(outcome),
    outcome.next === 0 ? 'nothing' : kilobytes(outcome.next),
  ]),
)
const unsound = outcomes.filter((outcome) => faultsOf(outcome).length > 0)
const note =
  `The model has ${kilobytes(NEEDED_BYTES)} in three files. In each of the ${outcomes.length} states ${unsound.length === 0 ? 'every' : `not every (${unsound.length} unsound)`} blob ` +
  `had the hash of its name, every link led to a blob, every noted revision to a snapshot, and the next run ended with all files. ` +
  `${environment.date}, Node ${environment.node}, ${environment.platform}.`
await writeSection(page, 'faults', `${table}\n\n${note}`)

const json = process.argv.indexOf('--json')
await writeResult(json < 0 ? undefined : process.argv[json + 1], {
  name: 'hub-faults',
  value: unsound.length,
  unit: 'faults that leave an unsound cache',
  goal: '= 0',
  rows: outcomes,
})
process.stdout.write(`${table}\n\n${note}\n`)
for (const outcome of unsound) process.stderr.write(`${outcome.fault}: ${faultsOf(outcome).join(', ')}\n`)
process.exitCode = unsound.length === 0 ? 0 : 1
