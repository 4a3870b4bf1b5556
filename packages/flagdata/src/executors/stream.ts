import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import type { Document } from '../document.ts'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { addFault, emptyStatistics } from '../pipeline/statistics.ts'
import { type OnFault, readDocuments } from '../readers/documents.ts'
import { parseJsonLine } from '../readers/jsonl.ts'
import { textLines } from '../readers/lines.ts'
import { findPieces } from '../readers/pieces.ts'
import { toJsonLine } from '../writers/jsonl.ts'
import { type RunOptions, run } from './local.ts'
import { applySteps, stepsOfPass } from './passes.ts'
import type { Summary } from './phases.ts'

/** Stands for standard input or output in place of a path. */
const STREAM = '-'

export interface Streams {
  input: Readable
  output: Writable
}

/** Whether a pipeline reads standard input or writes standard output. */
export const usesStreams = ({ read, write }: Pipeline): boolean =>
  read.path === STREAM || write.path === STREAM

/**
 * Runs a pipeline with `-` as input or output: JSON lines (or lines of text) in, JSON lines out. What is kept goes out
 * as soon as it has passed the steps; with a deduplication, which needs a second pass, input and kept documents wait in
 * a temporary folder. Nothing of it can be resumed, and what is removed is only counted. A reader that closes the output
 * ends the run without an error.
 *
 * @throws DataError `invalid-argument` for formats that are no streams of lines
 */
export async function runStreams(
  pipeline: Pipeline,
  { input, output }: Streams,
  options: RunOptions = {},
): Promise<Summary> {
  const { read, write, dedups } = pipeline
  if (
    read.path === STREAM &&
    read.format !== 'jsonl' &&
    !(read.format === 'text' && read.documents === 'line')
  )
    throw new DataError('invalid-argument', `standard input is not read as ${read.format}`, {
      hint: 'it holds JSON lines, or text with documents: line',
    })
  if (write.path === STREAM && write.format !== 'jsonl')
    throw new DataError('invalid-argument', `standard output is not written as ${write.format}`, {
      hint: 'it gets JSON lines',
    })
  if (write.path === STREAM && dedups.length === 0) return passThrough(pipeline, { input, output })

  const folder = await mkdtemp(join(tmpdir(), 'flagdata-'))
  try {
    const from = read.path === STREAM ? join(folder, 'stdin') : read.path
    if (read.path === STREAM) await pump(input, createWriteStream(from))
    const to = write.path === STREAM ? join(folder, 'kept') : write.path
    const isTemporary = to !== write.path
    const summary = await run(
      {
        ...pipeline,
        read: { ...read, path: from },
        write: isTemporary ? { ...write, path: to, compression: 'none', removed: false } : write,
      },
      options,
    )
    if (isTemporary) {
      const sink = openSink(output)
      for (const name of (await readdir(to)).filter((name) => name.endsWith('.jsonl')).sort())
        for await (const chunk of createReadStream(join(to, name))) {
          if (sink.isClosed()) break
          await sink.write(chunk)
        }
      await sink.flush()
    }
    return summary
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Documents through the steps, from a stream or from files, to a stream. */
async function passThrough(pipeline: Pipeline, { input, output }: Streams): Promise<Summary> {
  const start = process.hrtime.bigint()
  const statistics = emptyStatistics(stepsOfPass(pipeline, 0))
  const { read, steps } = pipeline
  await Promise.all(steps.map((step) => step.prepare?.()))
  const pieces = read.path === STREAM ? [undefined] : await findPieces(read)
  const sink = openSink(output)
  for (const piece of pieces) {
    const file = piece?.file ?? 'stdin'
    const onFault: OnFault = (kind, offset, found) => addFault(statistics, kind, { file, offset, found })
    const source = piece ? readDocuments(piece, read, onFault) : documentsOf(input, pipeline, onFault)
    for await (const original of source) {
      if (sink.isClosed()) break
      const size = Buffer.byteLength(original.text)
      statistics.documents++
      statistics.bytesIn += size
      const { document, because } = await applySteps(original, steps, statistics)
      if (because) continue
      statistics.kept++
      statistics.bytesOut += Buffer.byteLength(document.text)
      await sink.write(toJsonLine(document))
    }
  }
  await sink.flush()
  statistics.seconds = Number(process.hrtime.bigint() - start) / 1e9
  return { pieces: pieces.length, statistics, written: statistics.kept }
}

async function* documentsOf(input: Readable, { read }: Pipeline, onFault: OnFault): AsyncGenerator<Document> {
  const lines = textLines(input, { start: 0, end: Infinity }, read, onFault)
  for await (const { text, offset } of lines) {
    const document =
      read.format === 'jsonl'
        ? parseJsonLine(text, 'stdin', offset, read, onFault)
        : { id: `stdin#${offset}`, text: text.replace(/\r$/, ''), metadata: {} }
    if (document) yield document
  }
}

/** Writes to a stream as fast as it takes it. */
function openSink(output: Writable) {
  let failure: NodeJS.ErrnoException | undefined
  output.on('error', (error) => {
    failure = error
  })
  const isClosed = () => {
    // `head` and its like close the pipe when they have enough.
    if (failure !== undefined && failure.code !== 'EPIPE') throw failure
    return failure !== undefined || output.destroyed
  }
  return {
    isClosed,
    async write(data: string | Uint8Array): Promise<void> {
      if (isClosed()) return
      if (!output.write(data))
        await Promise.race([once(output, 'drain'), once(output, 'close')]).catch(() => {})
    },
    async flush(): Promise<void> {
      if (!isClosed()) await new Promise<void>((resolve) => output.write('', () => resolve()))
      isClosed()
    },
  }
}
