// One run of ours in a process of its own: predict MODEL TEXT, or train TEXT MODEL.
import { readFileSync } from 'node:fs'
import { FastText } from '../src/language/fastText/model.ts'
import { trainFastText } from '../src/language/fastText/train.ts'

const [task, first, second] = process.argv.slice(2)
if (task === 'predict') {
  const model = FastText.open(first)
  const lines = readFileSync(second, 'utf8').split('\n').slice(0, -1)
  process.stdout.write(lines.map((line) => `${model.predict(line)[0]?.label ?? ''}\n`).join(''))
} else await trainFastText(first, second, { dim: 50, epoch: 2, wordNgrams: 2, bucket: 200_000 })
