import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import {
  dedup,
  gopherQuality,
  openRecipe,
  type Pipeline,
  pipeline,
  readJsonl,
  run,
  type Summary,
  writeJsonl,
} from '@flag/data'

// Runs with worker threads, which start a file that lies beside the bundle, and opens a recipe of the package.
const folder = await mkdtemp('documents-')
for (const name of ['a', 'b'])
  await writeFile(
    `${folder}/${name}.jsonl`,
    '{"text":"The cat and the dog have to be here."}\n{"text":"No"}\n',
  )
const clean: Pipeline = pipeline([
  readJsonl(folder),
  gopherQuality({ minWords: 5 }),
  dedup({ minhash: {} }),
  writeJsonl(`${folder}-clean`, { compression: 'none' }),
])
const { written, statistics }: Summary = await run(clean, { workers: 2 })
if (written !== 1 || statistics.steps[0].removed.gopher_short_doc !== 2)
  throw new Error(`wrote ${written} documents: ${JSON.stringify(statistics)}`)
if (!(await readFile(`${folder}-clean/00000.jsonl`, 'utf8')).includes('The cat'))
  throw new Error('the cat is gone')

const recipe = await openRecipe('fineweb', { input: folder, output: `${folder}/out` })
if (recipe.steps.length !== 6) throw new Error(`fineweb has ${recipe.steps.length} steps`)
console.log('@flag/data keeps one cat')
