// One timed run of ours in a process of its own: input, output, filters | minhash, workers. Prints seconds, peak memory.
import {
  c4,
  dedup,
  finewebQuality,
  gopherQuality,
  gopherRepetition,
  pii,
  pipeline,
  readJsonl,
  run,
  writeJsonl,
} from '../src/index.ts'

const [input, output, task, workers] = process.argv.slice(2)
const steps =
  task === 'filters'
    ? [gopherRepetition(), gopherQuality(), c4({ requireLineEnd: false }), finewebQuality(), pii()]
    : [dedup({ minhash: {} })]

const start = process.hrtime.bigint()
const { written } = await run(pipeline([readJsonl(input), ...steps, writeJsonl(output)]), {
  workers: Number(workers),
})
const seconds = Number(process.hrtime.bigint() - start) / 1e9
console.log(JSON.stringify({ seconds, written, megabytes: process.resourceUsage().maxRSS / 1024 }))
