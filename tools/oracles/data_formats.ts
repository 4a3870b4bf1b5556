// Writes documents with @flag/data in every format that a peer reads: `data_formats.py read FOLDER` compares.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  pipeline,
  readJsonl,
  run,
  writeArrow,
  writeCsv,
  writeParquet,
  writeTsv,
  writeWebDataset,
} from '../../packages/flagdata/src/index.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('expected a folder to write')
const texts = [
  'One.',
  'With "quotes",\nand lines.',
  'a\r\nb',
  '中文',
  '🙂\ttab',
  ' spaces ',
  'x'.repeat(5000),
]
const picture = { type: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' }
const documents = Array.from({ length: 50 }, (_, i) => ({
  id: `doc-${i}`,
  text: `${texts[i % texts.length]}${i}`,
  ...(i % 4 === 0 ? { media: [picture] } : {}),
  metadata: {
    url: `https://example.org/${i}`,
    count: i * 2 ** 40,
    score: i / 8,
    ok: i % 2 === 0,
    mixed: i % 2 === 0 ? i : `${i}`,
    list: [i, { name: `n${i}` }],
    ...(i % 5 === 0 ? { rare: `r${i}` } : {}),
  },
}))
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
const input = join(folder, 'documents.jsonl')
await writeFile(input, documents.map((document) => `${JSON.stringify(document)}\n`).join(''))
const limits = { maxFileDocuments: 20 }
const writers = [
  ...(['none', 'snappy', 'gzip', 'zstd'] as const).map((compression) =>
    writeParquet(join(folder, `parquet-${compression}`), { ...limits, compression }),
  ),
  writeArrow(join(folder, 'arrow'), limits),
  writeCsv(join(folder, 'csv'), limits),
  writeTsv(join(folder, 'tsv'), limits),
  writeWebDataset(join(folder, 'webdataset'), limits),
]
for (const writer of writers) await run(pipeline([readJsonl(input), writer]))
