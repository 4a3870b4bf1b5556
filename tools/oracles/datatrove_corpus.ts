// Writes the corpora that the datatrove oracles read: node --import tsx tools/oracles/datatrove_corpus.ts FOLDER
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CorpusDocument,
  corpus,
  duplicateCorpus,
  fingerprint,
  labelledText,
  languageTexts,
  manyLabelsText,
} from '../../packages/flagdata/src/testing/corpus.ts'

const folder = process.argv[2]
mkdirSync(folder, { recursive: true })

function write(name: string, documents: readonly CorpusDocument[]): void {
  writeFileSync(join(folder, name), documents.map((document) => `${JSON.stringify(document)}\n`).join(''))
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0)
  console.log(`${name}: ${documents.length} documents, ${characters} characters, ${fingerprint(documents)}`)
}

write('corpus.jsonl', corpus())
write('languages.jsonl', languageTexts())
writeFileSync(join(folder, 'labelled.txt'), labelledText())
writeFileSync(join(folder, 'many.txt'), manyLabelsText())
duplicateCorpus().forEach((piece, i) => {
  write(`duplicates-${i}.jsonl`, piece)
})
