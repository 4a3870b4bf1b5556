// Our side of bench:eval: node --import tsx flag.ts FOLDER WIDTH CAPTIONS THREADS
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tensor } from '@flag/core-tensor'
import { rankBothWays, recallAt, unitRows } from '../src/metrics/ranking.ts'
import type { Measured } from './retrieval.ts'

const [folder, ...sizes] = process.argv.slice(2)
const [width, captions, threads] = sizes.map(Number)

function read(name: string): Tensor<'float32'> {
  const bytes = readFileSync(join(folder, name))
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  return new Tensor('float32', [data.length / width, width], data)
}

/** Megabytes of a line of /proc/self/status. */
const memory = (line: 'VmRSS' | 'VmHWM') =>
  Number(new RegExp(`${line}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024

const [images, texts] = [read('images.f32'), read('texts.f32')]
const owner = Int32Array.from({ length: texts.shape[0] }, (_, i) => Math.floor(i / captions))
// Starts the highest resident size again from the present one.
writeFileSync('/proc/self/clear_refs', '5')
const before = memory('VmRSS')
const start = process.hrtime.bigint()
const { forward, backward } = await rankBothWays(unitRows(texts), unitRows(images), owner, { threads })
const recalls = Object.fromEntries(
  [1, 5, 10].flatMap((k) => [
    [`IR@${k}`, recallAt(forward, k)],
    [`TR@${k}`, recallAt(backward, k)],
  ]),
)
const seconds = Number(process.hrtime.bigint() - start) / 1e9
const peak = memory('VmHWM')
const result: Measured = { seconds, added: peak - before, peak, recalls }
console.log(JSON.stringify(result))
