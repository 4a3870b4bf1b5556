// How often intervals contain the truth and tests find a difference, in simulated experiments with a known truth.
// `npm run bench:statistics -- [--experiments N] [--json FILE]`
import { parseArgs } from 'node:util'
import { writeResult } from '../../../tools/repo/result.ts'
import { simulate } from '../src/statistics/testing/coverage.ts'

const { values: options } = parseArgs({
  options: { experiments: { type: 'string', default: '10000' }, json: { type: 'string' } },
})
const experiments = Number(options.experiments)
if (!Number.isSafeInteger(experiments) || experiments < 1) {
  console.error(`--experiments ${options.experiments}: expected a whole number from 1`)
  process.exit(1)
}
const rows = simulate(experiments)
const error = (share: number) => Math.sqrt((share * (1 - share)) / experiments)
console.log(`share   ± 2 SE  wanted       of ${experiments} experiments`)
for (const { what, wanted, share } of rows) {
  console.log(`${share.toFixed(4)}  ${(2 * error(share)).toFixed(4)}  ${wanted.padEnd(12)} ${what}`)
}

const meant = rows.filter(({ wanted }) => wanted === '0.95').map(({ share }) => share)
const worst = meant.reduce((far, share) => (Math.abs(share - 0.95) > Math.abs(far - 0.95) ? share : far))
await writeResult(options.json, {
  name: 'statistics',
  value: worst,
  unit: 'coverage of 95 % intervals that is farthest from 0.95',
  goal: '0.94 to 0.96',
  spread: [Math.min(...meant), Math.max(...meant)],
  rows,
})
