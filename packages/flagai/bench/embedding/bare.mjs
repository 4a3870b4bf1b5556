// A bare loop of onnxruntime-node over the same graphs, with inputs that are ready: what our glue is measured against.
// Arguments: a file of JSON { text, image: { model, options } }. Requests: { what, shapes } → { seconds }, one run per
// shape; ids and pixels are random.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { InferenceSession } from 'onnxruntime-node'

const towers = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const sessions = {}
for (const what of ['text', 'image']) {
  const { model, options } = towers[what]
  sessions[what] = await InferenceSession.create(new Uint8Array(readFileSync(model)), options)
}
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

function input(what, dims) {
  const size = dims.reduce((product, dim) => product * dim, 1)
  return what === 'text'
    ? {
        type: 'int64',
        dims,
        data: BigInt64Array.from({ length: size }, (_, i) => BigInt(4 + ((i * 131) % 5000))),
      }
    : { type: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)) }
}

async function run(what, shapes) {
  const session = sessions[what]
  const [name] = session.inputNames
  const inputs = shapes.map((dims) => ({ ...input(what, dims), location: 'cpu' }))
  const start = process.hrtime.bigint()
  for (const one of inputs) await session.run({ [name]: one })
  return Number(process.hrtime.bigint() - start) / 1e9
}

await run('text', [[1, 8]])
await run('image', [towers.image.shape])
answer({ first: true })
for await (const line of createInterface({ input: process.stdin })) {
  const { what, shapes } = JSON.parse(line)
  answer({ seconds: await run(what, shapes) })
}
