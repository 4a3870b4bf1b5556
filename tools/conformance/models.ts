import { fileURLToPath } from 'node:url'
import { conformanceCases as altclip } from '../../packages/flagai/src/models/altclip/goldens.ts'
import { cases as clip } from '../../packages/flagai/src/models/clip/goldens.ts'
import type { ConformanceCase } from '../../packages/flagai/src/models/conformance.ts'
import { cases as eva } from '../../packages/flagai/src/models/eva/goldens.ts'
import { cases as evaclip } from '../../packages/flagai/src/models/evaclip/goldens.ts'
import { environment, writeResult } from '../repo/result.ts'
import { markdownTable, writeSection } from '../repo/section.ts'

// Compares every model with its reference on all golden models and writes the table of docs/conformance.md.
// Usage: node --import tsx tools/conformance/models.ts [--json file]

const GOAL = 1e-4
const page = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))
const cases: readonly ConformanceCase[] = [...altclip, ...clip, ...eva, ...evaclip]

/** What outputs are called in the golden files of dual encoders and of backbones. */
const columns = {
  'text states': /^text\.(hidden|states|last)/,
  'picture states': /^(vision\.(hidden|states)|states)\b/,
  'text vectors': /text\.(pooled|features|embeds)$/,
  'picture vectors': /(vision\.(pooled|features|embeds)|^features)$/,
  'logits, patches': /^(logits|patches)/,
}

const rows: {
  model: string
  configuration: string
  reference: string
  worst: number
  cells: (number | null)[]
}[] = []
for (const { model, title, reference, differences } of cases) {
  const found = Object.entries(await differences())
  const worst = (matches: RegExp) => {
    const matching = found.filter(([name]) => matches.test(name)).map(([, difference]) => difference)
    return matching.length > 0 ? Math.max(...matching) : null
  }
  const cells = Object.values(columns).map(worst)
  rows.push({ model, configuration: title, reference, worst: worst(/./) as number, cells })
}

const format = (value: number | null) => (value === null ? '–' : value.toExponential(1))
const headers = ['model', 'configuration', 'reference', ...Object.keys(columns)]
const lines = rows.map((row) => [row.model, row.configuration, row.reference, ...row.cells.map(format)])
const table = markdownTable(headers, lines)
const note = `${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, ${environment.processor}, ${environment.platform}.`
await writeSection(page, 'models', `${table}\n\n${note}`)

const worst = Math.max(...rows.map((row) => row.worst))
const json = process.argv.indexOf('--json')
await writeResult(json < 0 ? undefined : process.argv[json + 1], {
  name: 'models-conformance',
  value: worst,
  unit: 'max abs difference',
  goal: `<= ${GOAL}`,
  rows,
})
process.stdout.write(`${table}\n\nlargest absolute difference: ${worst.toExponential(2)} (goal: ${GOAL})\n`)
process.exitCode = worst <= GOAL ? 0 : 1
