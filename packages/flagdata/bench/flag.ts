// One timed run of ours in a process of its own: input, output, filters | minhash | recipe (both), workers. Prints seconds.
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
  run,
  writeJsonl,
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
const steps = [
  ...(task === 'minhash' ? [] : filters()),
  ...(task === 'filters' ? [] : [dedup({ minhash: {} })]),
]

const start = process.hrtime.bigint()
const { written } = await run(pipeline([readJsonl(input), ...steps, writeJsonl(output)]), {
  workers: Number(workers),
})
const seconds = Number(process.hrtime.bigint() - start) / 1e9
console.log(JSON.stringify({ seconds, written }))
