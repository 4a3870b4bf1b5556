// How long a query takes over 100,000 pictures: the dot products and the choice of the best twelve, without the
// model. `npm run bench:search -- [--json FILE]`. The vectors are random: the time does not depend on them.
import { parseArgs } from 'node:util'
import { Generator } from '@flag/core-tensor'
import { writeResult } from '../../../tools/repo/result.ts'
import { topK } from '../src/search/topK.ts'

const PICTURES = 100_000
const QUERIES = 15
const TOP = 12
/** Dimensions of the embedded model, of AltCLIP and of AltCLIP-m18. */
const DIMENSIONS = [256, 768, 1024]
const HEADLINE = 768

const { values: options } = parseArgs({ options: { json: { type: 'string' } } })
const generator = new Generator(0)

const rows = DIMENSIONS.map((dimension) => {
  const vectors = new Float32Array(PICTURES * dimension)
  const block = generator.randn([1000, dimension]).data
  // A thousand different rows are enough: every one is read all the same.
  for (let at = 0; at < vectors.length; at += block.length) vectors.set(block, at)
  const times: number[] = []
  for (let i = 0; i <= QUERIES; i++) {
    const query = generator.randn([dimension]).data
    const start = process.hrtime.bigint()
    topK(vectors, query, TOP)
    // The first one compiles.
    if (i > 0) times.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  times.sort((a, b) => a - b)
  const [low, median, high] = [0.1, 0.5, 0.9].map((q) => times[Math.round(q * (times.length - 1))])
  return { pictures: PICTURES, dimension, median, low, high }
})

for (const { dimension, median, low, high } of rows) {
  const ms = [median, low, high].map((value) => value.toFixed(1))
  console.log(`${PICTURES} × ${dimension}: ${ms[0]} ms a query (${ms[1]} to ${ms[2]})`)
}

const headline = rows.find(({ dimension }) => dimension === HEADLINE)
if (headline) {
  await writeResult(options.json, {
    name: 'search',
    value: headline.median,
    unit: `ms per query over ${PICTURES} vectors of ${HEADLINE} numbers, median, one thread`,
    goal: '< 1000',
    spread: [headline.low, headline.high],
    rows,
  })
}
