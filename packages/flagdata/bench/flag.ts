// One timed run of ours in a process of its own: input, output, workers, and filters, minhash, recipe (both) or parquet
// (neither). Prints seconds.
import {
  c4,
  dedup,
  finewebQuality,
  gopherQuality,
  gopherRepetition,
  language,
  pii,
  pipeline,
  readJsonl,
  readParquet,
  run,
  writeJsonl,
  writeParquet,
} from '../src/index.ts'

const [input, output, task, workers] = process.argv.slice(2)
const filters = () => [
  gopherRepetition(),
  gopherQuality(),
  c4({ requireLineEnd: false }),
  finewebQuality(),
  pii(),
  language(),
]
const minhash = () => dedup({ minhash: {} })
const parts = {
  filters: () => [readJsonl(input), ...filters(), writeJsonl(output)],
  minhash: () => [readJsonl(input), minhash(), writeJsonl(output)],
  recipe: () => [readJsonl(input), ...filters(), minhash(), writeJsonl(output)],
  parquet: () => [readParquet(input), writeParquet(output)],
}

const start = process.hrtime.bigint()
const { written } = await run(pipeline(parts[task as keyof typeof parts]()), { workers: Number(workers) })
const seconds = Number(process.hrtime.bigint() - start) / 1e9
console.log(JSON.stringify({ seconds, written }))
