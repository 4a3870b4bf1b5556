/** Tests `altclip-emoji-m12` on OpenMoji, a style that no stage of training has seen: `npm run eval:emoji`. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compile, ops, spec, Tensor, type Value } from '@flag/core-tensor'
import { AltCLIP } from '../../packages/flagai/src/models/altclip/index.ts'
import { environment, writeResult } from '../repo/result.ts'
import { markdownTable, writeSection } from '../repo/section.ts'
import { type Concept, LANGUAGES } from './concepts.ts'
import { loadStyle, loadTraining, type Pictures } from './data.ts'
import { openStyle, packageVersions, TEST_STYLE } from './packages.ts'
import { rankOf, recallAt } from './recall.ts'
import { RENDER_SIZE } from './recipe.ts'

const HELP = `Recall of altclip-emoji-m12 on OpenMoji pictures, in twelve languages, beside chance and raw pixels.

  npm run eval:emoji [-- --model DIR] [--json FILE] [--write]

  --write     puts the tables into the model's card and into docs/benchmarks.md

Examples
  npm run eval:emoji
  npm run eval:emoji -- --model /tmp/m12 --json scores.json
`

const { values: options } = parseArgs({
  options: {
    model: {
      type: 'string',
      default: fileURLToPath(new URL('../../packages/flagai/models/altclip-emoji-m12', import.meta.url)),
    },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (options.help) {
  process.stdout.write(HELP)
  process.exit()
}

interface Scores {
  queries: number
  'text→image R@1': number
  'text→image R@5': number
  'text→image R@10': number
  'image→text R@1': number
}

/** Recall of the `asked` concepts among all `among`; `score(i)` holds concept i's row against every candidate. */
function recalls(
  asked: readonly Concept[],
  among: readonly Concept[],
  toImages: (concept: number) => Float32Array,
  toTexts: (concept: number) => Float32Array,
): Scores {
  const place = new Map(among.map(({ index }, at) => [index, at]))
  const ranks = (row: (concept: number) => Float32Array) =>
    asked.map(({ index }) => {
      const all = row(index)
      return rankOf(
        among.map((candidate) => all[candidate.index]),
        place.get(index) as number,
      )
    })
  const images = ranks(toImages)
  return {
    queries: asked.length,
    'text→image R@1': recallAt(images, 1),
    'text→image R@5': recallAt(images, 5),
    'text→image R@10': recallAt(images, 10),
    'image→text R@1': recallAt(ranks(toTexts), 1),
  }
}

const column = ({ data, shape: [rows, width] }: Tensor<'float32'>, at: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, row) => data[row * width + at])

/** Pictures as rows of [32 × 32 × 3] numbers on white. */
function rawPixels({ pixels, count, size }: Pictures): Tensor<'float32'> {
  const half = size / 2
  const out = new Float32Array(count * half * half * 3)
  for (let i = 0, at = 0; i < count; i++)
    for (let y = 0; y < size; y += 2)
      for (let x = 0; x < size; x += 2)
        for (let c = 0; c < 3; c++) {
          let sum = 0
          for (const [dx, dy] of [
            [0, 0],
            [1, 0],
            [0, 1],
            [1, 1],
          ]) {
            const k = ((i * size + y + dy) * size + x + dx) * 4
            sum += pixels[k + c] + 255 - pixels[k + 3]
          }
          out[at++] = sum / 1020
        }
  return new Tensor('float32', [count, half * half * 3], out)
}

/**
 * Similarity [concepts, concepts] of each concept's training pictures to each concept's test picture: minus the least
 * squared distance. Concepts without training pictures have rows of -Infinity.
 */
async function rawPixelScores(concepts: number): Promise<Tensor<'float32'>> {
  const test = await loadStyle(TEST_STYLE, RENDER_SIZE)
  const { training } = await loadTraining(RENDER_SIZE)
  const [a, b] = [rawPixels(training), rawPixels(test)]
  const distance = await compile(
    (x: Value, y: Value) => {
      const square = (v: Value) => ops.reduceSum(ops.mul(v, v), -1, true)
      const cross = ops.mul(ops.matmul(x, ops.transpose(y)), -2)
      return ops.add(ops.add(cross, square(x)), ops.transpose(square(y)))
    },
    [spec('float32', ['n', a.shape[1]]), spec('float32', b.shape)] as const,
  )
  const best = new Float32Array(concepts * concepts).fill(Number.NEGATIVE_INFINITY)
  try {
    for (let start = 0; start < training.count; start += 1024) {
      const end = Math.min(training.count, start + 1024)
      const block = (await distance(a.rows(start, end), b)) as Tensor<'float32'>
      for (let i = start; i < end; i++)
        for (let j = 0; j < test.count; j++) {
          const at = training.concept[i] * concepts + test.concept[j]
          best[at] = Math.max(best[at], -block.data[(i - start) * test.count + j])
        }
    }
  } finally {
    await distance.dispose()
  }
  return new Tensor('float32', [concepts, concepts], best)
}

const { concepts } = await loadTraining(RENDER_SIZE)
const find = openStyle(TEST_STYLE)
const files = concepts.map(({ code, names }) => {
  const source = find(code, names.en)
  if (!source || !('file' in source)) throw new Error(`${TEST_STYLE} has no picture of ${names.en} (${code})`)
  return source.file
})
const model = await AltCLIP.fromPretrained(options.model)
const pictures = await model.encodeImage(files)
const pixels = await rawPixelScores(concepts.length)

const galleries = {
  'all concepts': concepts,
  'without flags and variants': concepts.filter(({ kind }) => kind === 'plain'),
}
const result: Record<string, Record<string, Record<string, Scores>>> = {}
const similarities = new Map<string, Tensor<'float32'>>()
for (const language of LANGUAGES) {
  const texts = await model.encodeText(concepts.map(({ names }) => names[language]))
  similarities.set(language, model.similarity(texts, pictures))
}
await model.dispose()

const percent = (share: number) => (100 * share).toFixed(1).padStart(6)
for (const [gallery, among] of Object.entries(galleries)) {
  for (const heldOut of [false, true]) {
    const asked = among.filter((concept) => concept.heldOut === heldOut)
    const title = `${heldOut ? 'unseen' : 'seen'} concepts, gallery: ${gallery}`
    const rows: Record<string, Scores> = {}
    for (const [language, matrix] of similarities)
      rows[language] = recalls(
        asked,
        among,
        (concept) => matrix.row(concept).data as Float32Array,
        (concept) => column(matrix, concept),
      )
    const mean = { ...rows.en }
    for (const key of Object.keys(mean) as (keyof Scores)[])
      mean[key] = LANGUAGES.reduce((sum, language) => sum + rows[language][key], 0) / LANGUAGES.length
    rows.mean = mean
    const size = among.length
    rows.chance = {
      queries: asked.length,
      'text→image R@1': 1 / size,
      'text→image R@5': 5 / size,
      'text→image R@10': 10 / size,
      'image→text R@1': 1 / size,
    }
    // Raw pixels know nothing of concepts whose pictures they have never seen.
    if (!heldOut)
      rows['raw pixels'] = recalls(
        asked,
        among,
        (concept) => pixels.row(concept).data as Float32Array,
        (concept) => column(pixels, concept),
      )
    result[gallery] = { ...result[gallery], [heldOut ? 'unseen' : 'seen']: rows }
    console.log(`\n${title} (${asked.length} of ${size})`)
    console.log('             text→image R@1    R@5   R@10   image→text R@1')
    for (const [name, row] of Object.entries(rows))
      console.log(
        `${name.padEnd(21)} ${percent(row['text→image R@1'])} ${percent(row['text→image R@5'])} ${percent(row['text→image R@10'])}           ${percent(row['image→text R@1'])}`,
      )
  }
}
if (options.write) {
  const columns = ['text→image R@1', 'text→image R@5', 'text→image R@10', 'image→text R@1'] as const
  const tables = Object.entries(result).flatMap(([gallery, parts]) =>
    Object.entries(parts).map(([part, rows]) => {
      const lines = Object.entries(rows).map(([name, row]) => [
        name,
        ...columns.map((key) => percent(row[key]).trim()),
      ])
      const { queries } = rows.mean
      const title = `${part === 'seen' ? 'Seen' : 'Unseen'} concepts (${queries}), gallery: ${gallery}`
      return `${title}\n\n${markdownTable(['language', ...columns], lines)}`
    }),
  )
  const note = `${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, ${environment.processor}.`
  const text = [...tables, note].join('\n\n')
  await writeSection(join(options.model, 'README.md'), 'scores', text)
  await writeSection(new URL('../../docs/benchmarks.md', import.meta.url), 'emoji', text)
}
const headline = result['all concepts'].seen
const recallsAt5 = LANGUAGES.map((language) => headline[language]['text→image R@5'])
await writeResult(options.json, {
  name: 'altclip-emoji-m12',
  value: headline.mean['text→image R@5'],
  unit: `mean text→image R@5 over ${LANGUAGES.length} languages, seen concepts, gallery of all concepts of ${TEST_STYLE}`,
  goal: '>= 0.7, no language below 0.6',
  spread: [Math.min(...recallsAt5), Math.max(...recallsAt5)],
  rows: result,
  environment: packageVersions(),
})
