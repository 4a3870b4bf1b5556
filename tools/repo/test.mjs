// All tests on the Node that runs this, then most of them once more on Node 24. Arguments go to vitest, and
// then only the first pass runs: `npm test -- packages/core-tensor/src/tensor`.
import { join } from 'node:path'
import { node24 } from './node24.mjs'
import { root, run, script } from './process.mjs'

const vitest = join(root, 'node_modules/vitest/vitest.mjs')

/** What takes longest and does not depend on Node: rules compared with a peer's, kills, clusters, pages in a browser. */
const once = [
  'packages/core-tensor/src/ops/*differences.test.ts',
  'packages/flagai/src/models/precision.test.ts',
  'packages/flagai/src/tokenizers/charsmap.test.ts',
  'packages/flagdata/src/cli/slurm.test.ts',
  'packages/flagdata/src/dedup/deduplication.test.ts',
  'packages/flagdata/src/executors/killed.test.ts',
  'packages/flagdata/src/filters/{conformance,language}.test.ts',
  'packages/flageval/src/cli/suite.test.ts',
  'packages/flageval/src/run/kill.test.ts',
  'packages/flagperf/src/adapters/webgpu.test.ts',
  'packages/report/src/page.test.ts',
]

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
  await run(node, [vitest, 'run', ...once.flatMap((files) => ['--exclude', files])])
})
