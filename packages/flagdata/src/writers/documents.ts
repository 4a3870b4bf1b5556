import { join } from 'node:path'
import type { Document } from '../document.ts'
import { DataError } from '../errors.ts'
import type { WriteConfig } from '../pipeline/pipeline.ts'
import type { Removal, Taken } from '../pipeline/step.ts'
import type { Codec, DocumentFile, OutputFormat } from './format.ts'
import { outputFormats } from './formats.ts'
import { openTextWriter } from './lines.ts'
import { openRotated } from './rotation.ts'

/** Why a document lies in `removed/`: the step, the reason, and the measured value beside its limit. */
export interface RemovedBecause extends Removal {
  step: string
  /** Only a part of the document is gone, which is the text of this line. */
  part?: true
}

/** Parts of a document that stays: the step and the reason for which they were taken out. */
export interface TakenOut extends Taken {
  step: string
}

type RemovedDocument = Document & { because: RemovedBecause }

const toRemovedLine = ({ because, id, text, metadata }: RemovedDocument): string => {
  const { step, reason, value, limit, part } = because
  const removed = { step, reason, value, limit, part }
  return `${JSON.stringify({ removed, id, text, metadata })}\n`
}

/** Removed documents are JSON lines, whatever the kept ones are. */
const removedFormat: OutputFormat = {
  endings: outputFormats.jsonl.endings,
  sizeOf: (document) => Buffer.byteLength(toRemovedLine(document as RemovedDocument)),
  async open(path, codec, { level }) {
    const { write, ...file } = await openTextWriter(path, codec, level)
    return { add: (document) => write(toRemovedLine(document as RemovedDocument)), ...file }
  },
}

/** The compression of a format that was asked for, or its own. */
function codecOf({ endings }: OutputFormat, { compression }: WriteConfig): Codec {
  const codecs = Object.keys(endings) as Codec[]
  return compression !== undefined && codecs.includes(compression) ? compression : codecs[0]
}

/**
 * Refuses a compression that the format does not know.
 *
 * @throws DataError `invalid-argument`
 */
export function checkCompression({ format, compression }: WriteConfig): void {
  const codecs = Object.keys(outputFormats[format].endings)
  if (compression !== undefined && !codecs.includes(compression))
    throw new DataError(
      'invalid-argument',
      `write.compression: ${format} is not written with ${compression}`,
      {
        hint: `known: ${codecs.join(', ')}`,
      },
    )
}

/** A document that steps changed: which ones, and its text before the first of them. */
export interface ChangedBy {
  steps: readonly string[]
  before: string
}

type ChangedDocument = Document & { changed: ChangedBy }

const toChangedLine = ({ changed, id, text, metadata }: ChangedDocument): string =>
  `${JSON.stringify({ changed: { steps: changed.steps }, id, before: changed.before, text, metadata })}\n`

const changedFormat: OutputFormat = {
  endings: outputFormats.jsonl.endings,
  sizeOf: (document) => Buffer.byteLength(toChangedLine(document as ChangedDocument)),
  async open(path, codec, { level }) {
    const { write, ...file } = await openTextWriter(path, codec, level)
    return { add: (document) => write(toChangedLine(document as ChangedDocument)), ...file }
  },
}

/** The files of a piece in one pass. */
export interface PiecePaths {
  kept: string
  removed?: string
  changed?: string
}

/** Writes the documents of one piece: the kept ones, the removed ones with their reason, and some of the changed ones. */
export class DocumentWriter {
  readonly #kept: DocumentFile
  readonly #removed: DocumentFile | undefined
  /** Opened for the first document: most pieces of most runs have none. */
  readonly #openChanged: (() => Promise<DocumentFile>) | undefined
  #changed: DocumentFile | undefined
  #changesLeft: number

  private constructor(
    kept: DocumentFile,
    removed: DocumentFile | undefined,
    openChanged: (() => Promise<DocumentFile>) | undefined,
    changes: number,
  ) {
    this.#kept = kept
    this.#removed = removed
    this.#openChanged = openChanged
    this.#changesLeft = changes
  }

  /** `kept` differs from `config` where another pass follows. */
  static async open(
    paths: PiecePaths,
    config: WriteConfig,
    kept: WriteConfig = config,
  ): Promise<DocumentWriter> {
    const open = (path: string, format: OutputFormat, its: WriteConfig) =>
      openRotated(path, format, codecOf(format, its), its)
    const { removed, changed } = paths
    return new DocumentWriter(
      await open(paths.kept, outputFormats[kept.format], kept),
      removed === undefined ? undefined : await open(removed, removedFormat, config),
      changed === undefined ? undefined : () => open(changed, changedFormat, config),
      config.changed === 'all' ? Infinity : config.changed,
    )
  }

  keep(document: Document): Promise<void> | undefined {
    return this.#kept.add(document)
  }

  remove(document: Document, because: RemovedBecause): Promise<void> | undefined {
    return this.#removed?.add({ ...document, because } as RemovedDocument)
  }

  /** Writes what was taken out of a document that stays, a line for each part. */
  async takeOut({ id }: Document, { step, reason, texts, metadata = {} }: TakenOut): Promise<void> {
    const because: RemovedBecause = { step, reason, part: true }
    for (const text of texts) await this.#removed?.add({ id, text, metadata, because } as RemovedDocument)
  }

  /** Notes that a document that is kept was changed. */
  async change(document: Document, changed: ChangedBy): Promise<void> {
    if (this.#openChanged === undefined || this.#changesLeft <= 0) return
    this.#changesLeft--
    this.#changed ??= await this.#openChanged()
    await this.#changed.add({ ...document, changed } as ChangedDocument)
  }

  async commit(): Promise<void> {
    await this.#removed?.commit()
    await this.#changed?.commit()
    await this.#kept.commit()
  }

  async discard(): Promise<void> {
    for (const file of [this.#removed, this.#changed, this.#kept]) await file?.discard()
  }
}

/** What passes between two passes over the documents is JSON lines in one file per piece, and not for keeping. */
export const betweenConfig = (config: WriteConfig): WriteConfig => ({
  ...config,
  format: 'jsonl',
  compression: 'gzip',
  level: 1,
  maxFileBytes: undefined,
  maxFileDocuments: undefined,
})

/** The files of a piece; with limits on files, each of them becomes several that are numbered. */
export function outputPaths(config: WriteConfig, piece: string): PiecePaths {
  const nameOf = (format: OutputFormat) => `${piece}${format.endings[codecOf(format, config)]}`
  return {
    kept: join(config.path, nameOf(outputFormats[config.format])),
    removed: config.removed ? join(config.path, 'removed', nameOf(removedFormat)) : undefined,
    changed: config.changed === 0 ? undefined : join(config.path, 'changed', nameOf(changedFormat)),
  }
}

/** Names of a run's outputs, complete or not: piece, deduplication, number of the file. */
export const outputName =
  /^\d{5,}(-[a-z]+(-\d{1,2})?)?(-\d{3,})?\.(jsonl|txt|parquet|arrow|csv|tsv|tar|ds)(\.gz|\.zst|\.index|\.metadata)?(\.rows)?(\.partial)?$/
