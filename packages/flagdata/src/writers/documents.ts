import { join } from 'node:path'
import type { Document } from '../document.ts'
import type { WriteConfig } from '../pipeline/pipeline.ts'
import type { Removal, Taken } from '../pipeline/step.ts'
import { endings, openTextWriter, type TextWriter } from './lines.ts'

/** The document as a line of JSON: id, text, media and metadata, in that order. */
const toJsonLine = ({ id, text, media, metadata }: Document): string =>
  `${JSON.stringify({ id, text, ...(media ? { media } : {}), metadata })}\n`

/** Why a document lies in `removed/`: the step, the reason, and the measured value beside its limit. */
export interface RemovedBecause extends Removal {
  step: string
}

/** Parts of a document that stays: the step and the reason for which they were taken out. */
export interface TakenOut extends Taken {
  step: string
}

/** Writes the documents of one piece: the kept ones, and the removed ones with their reason. */
export class DocumentWriter {
  readonly #kept: TextWriter
  readonly #removed: TextWriter | undefined
  readonly #format: WriteConfig['format']
  #any = false

  private constructor(kept: TextWriter, removed: TextWriter | undefined, format: WriteConfig['format']) {
    this.#kept = kept
    this.#removed = removed
    this.#format = format
  }

  static async open(paths: { kept: string; removed?: string }, config: WriteConfig): Promise<DocumentWriter> {
    const kept = await openTextWriter(paths.kept, config.compression)
    const removed = paths.removed ? await openTextWriter(paths.removed, config.compression) : undefined
    return new DocumentWriter(kept, removed, config.format)
  }

  keep(document: Document): Promise<void> | undefined {
    if (this.#format === 'jsonl') return this.#kept.write(toJsonLine(document))
    const separator = this.#any ? '\n' : ''
    this.#any = true
    return this.#kept.write(`${separator}${document.text}\n`)
  }

  remove(document: Document, because: RemovedBecause): Promise<void> | undefined {
    if (this.#removed === undefined) return undefined
    const { step, reason, value, limit, metadata } = because
    const removed = { step, reason, value, limit }
    return this.#removed.write(
      `${JSON.stringify({ removed, id: document.id, text: document.text, metadata: { ...document.metadata, ...metadata } })}\n`,
    )
  }

  /** Writes what was taken out of a document that stays, a line for each part. */
  takeOut({ id }: Document, { step, reason, texts, metadata = {} }: TakenOut): Promise<void> | undefined {
    const lines = texts.map(
      (text) => `${JSON.stringify({ removed: { step, reason, part: true }, id, text, metadata })}\n`,
    )
    return this.#removed?.write(lines.join(''))
  }

  async commit(): Promise<void> {
    await this.#removed?.commit()
    await this.#kept.commit()
  }

  async discard(): Promise<void> {
    await this.#removed?.discard()
    await this.#kept.discard()
  }
}

/** The files of a piece. */
export function outputPaths(config: WriteConfig, piece: string) {
  const ending = endings[config.compression]
  const kept = `${piece}.${config.format === 'jsonl' ? 'jsonl' : 'txt'}${ending}`
  return {
    kept: join(config.path, kept),
    removed: config.removed ? join(config.path, 'removed', `${piece}.jsonl${ending}`) : undefined,
  }
}
