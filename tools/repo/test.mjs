// All tests on the Node that runs this, then the unit tests once more on Node 24. Arguments go to vitest, and
// then only the first pass runs: `npm test -- packages/core-tensor/src/tensor`.
import { join } from 'node:path'
import { node24 } from './node24.mjs'
import { root, run, script } from './process.mjs'

const vitest = join(root, 'node_modules/vitest/vitest.mjs')

await script(async () => {
  const filters = process.argv.slice(2)
  await run(process.execPath, [vitest, 'run', ...filters])
  if (filters.length > 0) return

  const node = await node24()
  if (node === undefined) {
    console.log(`No npm package holds Node 24 for ${process.platform}-${process.arch}: second pass left out.`)
    return
  }
  console.log('\nSecond pass, on Node 24')
  await run(node, [vitest, 'run'])
})
