import { fileURLToPath } from 'node:url'
import { cases, differencesOf } from '../../packages/flagai/src/models/altclip/goldens.ts'
import { environment, writeResult } from '../repo/result.ts'
import { markdownTable, writeSection } from '../repo/section.ts'

// Compares AltCLIP with transformers on every golden model and writes the table of docs/conformance.md.
// Usage: node --import tsx tools/conformance/altclip.ts [--json file]

const GOAL = 1e-4
const page = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))

const columns = {
  'text states': /^text\.(hidden|last)/,
  'vision states': /^vision\.hidden/,
  'text vectors': /text\.(pooled|features|embeds)$/,
  'vision vectors': /vision\.(pooled|features|embeds)$/,
  logits: /^logits/,
}

const rows: { configuration: string; worst: number; columns: Record<string, number | null> }[] = []
for (const golden of cases) {
  const differences = Object.entries(await differencesOf(golden))
  const worst = (matches: RegExp) => {
    const found = differences.filter(([name]) => matches.test(name)).map(([, difference]) => difference)
    return found.length > 0 ? Math.max(...found) : null
  }
  rows.push({
    configuration: golden.title,
    worst: worst(/./) as number,
    columns: Object.fromEntries(Object.entries(columns).map(([name, matches]) => [name, worst(matches)])),
  })
}

const format = (value: number | null) => (value === null ? '–' : value.toExponential(1))
const headers = ['configuration', ...Object.keys(columns)]
const lines = rows.map(({ configuration, columns: cells }) => [
  configuration,
  ...Object.values(cells).map(format),
])
const table = markdownTable(headers, lines)
const note = `${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, ${environment.processor}, ${environment.platform}.`
await writeSection(page, 'altclip', `${table}\n\n${note}`)

const worst = Math.max(...rows.map((row) => row.worst))
const json = process.argv.indexOf('--json')
await writeResult(json < 0 ? undefined : process.argv[json + 1], {
  name: 'altclip-conformance',
  value: worst,
  unit: 'max abs difference',
  goal: `<= ${GOAL}`,
  rows,
})
process.stdout.write(`${table}\n\nlargest absolute difference: ${worst.toExponential(2)} (goal: ${GOAL})\n`)
process.exitCode = worst <= GOAL ? 0 : 1
