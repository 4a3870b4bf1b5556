// A run in a process of its own, for tests that kill it: recipe, input, output, number of threads. Writes a line to
// stdout whenever there is progress, and then waits for a byte on stdin.
import { readSync, writeSync } from 'node:fs'
import { run } from '../executors/local.ts'
import { openRecipe } from '../pipeline/recipe.ts'

const [recipe, input, output, workers] = process.argv.slice(2)
const answer = new Uint8Array(1)
await run(await openRecipe(recipe, { input, output }), {
  workers: Number(workers),
  onProgress({ phase, done, total }) {
    writeSync(1, `${phase} ${done}/${total}\n`)
    readSync(0, answer)
  },
})
