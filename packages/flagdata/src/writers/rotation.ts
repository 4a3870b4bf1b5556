import { basename, dirname, join } from 'node:path'
import type { Document } from '../document.ts'
import type { WriteConfig } from '../pipeline/pipeline.ts'
import type { Codec, DocumentFile, OutputFormat } from './format.ts'

/**
 * The documents of a piece in one file, or, with limits, in as many as they ask for: `00000-000.jsonl.gz`,
 * `00000-001.jsonl.gz`, … All of them get their names together, when the piece is complete.
 */
export async function openRotated(
  path: string,
  format: OutputFormat,
  codec: Codec,
  config: WriteConfig,
): Promise<DocumentFile> {
  const { maxFileBytes = Infinity, maxFileDocuments = Infinity } = config
  const isRotated = maxFileBytes < Infinity || maxFileDocuments < Infinity
  const openNext = () => format.open(isRotated ? numbered(path, files.length) : path, codec, config)
  const files: DocumentFile[] = []
  files.push(await openNext())
  let [bytes, documents] = [0, 0]
  const addToNext = async (document: Document) => {
    await files[files.length - 1].finish()
    files.push(await openNext())
    await files[files.length - 1].add(document)
  }
  return {
    add(document) {
      if (!isRotated) return files[0].add(document)
      const size = maxFileBytes < Infinity ? format.sizeOf(document) : 0
      const isFull = documents > 0 && (documents >= maxFileDocuments || bytes + size > maxFileBytes)
      const added = isFull ? addToNext(document) : files[files.length - 1].add(document)
      if (isFull) bytes = documents = 0
      documents++
      bytes += size
      return added
    },
    finish: () => files[files.length - 1].finish(),
    async commit() {
      // None has its name before all are complete: what a kill leaves here is done anew, to the same names.
      await files[files.length - 1].finish()
      for (const file of files) await file.commit()
    },
    async discard() {
      for (const file of files) await file.discard()
    },
  }
}

function numbered(path: string, number: number): string {
  const [stem, ...endings] = basename(path).split('.')
  return join(dirname(path), [`${stem}-${String(number).padStart(3, '0')}`, ...endings].join('.'))
}
