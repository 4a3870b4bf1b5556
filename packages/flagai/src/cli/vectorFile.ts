import type { FileHandle } from 'node:fs/promises'
import { FlagError, writeAll, writeAtomically } from '@flag/core-tensor'
import { RecordBatchFileWriter, Utf8, vectorFromArray } from 'apache-arrow'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { vectorTable } from '../search/vectorTable.ts'

/** Some named vectors of one length. */
export interface VectorChunk {
  readonly names: readonly string[]
  /** `names.length × dimension` numbers, row by row. */
  readonly vectors: Float32Array
}

type Chunks = AsyncIterable<VectorChunk>
type WriteFormat = (file: FileHandle, chunks: Chunks, model: string, output: string) => Promise<void>

const dimensionOf = ({ names, vectors }: VectorChunk) => vectors.length / names.length

/** Each format, written as the vectors come: no more than a chunk is in memory. */
const formats: Record<string, WriteFormat> = {
  async '.arrow'(file, chunks, model) {
    const writer = new RecordBatchFileWriter()
    const written = (async () => {
      for await (const bytes of writer) await writeAll(file, bytes)
    })()
    for await (const chunk of chunks) {
      const name = vectorFromArray(chunk.names as string[], new Utf8())
      const table = vectorTable({ name }, chunk.vectors, dimensionOf(chunk), { 'flag.model': model })
      for (const batch of table.batches) writer.write(batch)
    }
    writer.close()
    await written
  },

  async '.parquet'(file, chunks, model) {
    const bytes = new ByteWriter()
    const flush = async () => {
      await writeAll(file, bytes.getBytes().slice())
      bytes.index = 0
    }
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: 'root', num_children: 2 },
        { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'embedding', num_children: 1, converted_type: 'LIST', repetition_type: 'REQUIRED' },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ],
      kvMetadata: [{ key: 'flag.model', value: model }],
    })
    for await (const chunk of chunks) {
      const dimension = dimensionOf(chunk)
      const rows = chunk.names.map((_, i) =>
        Array.from(chunk.vectors.subarray(i * dimension, (i + 1) * dimension)),
      )
      writer.write({
        columnData: [
          { name: 'name', data: chunk.names as string[] },
          { name: 'embedding', data: rows },
        ],
      })
      await flush()
    }
    writer.finish()
    await flush()
  },

  async '.npy'(file, chunks, _, output) {
    await writeAll(file, npyHeader(0, 0))
    let shape = [0, 0]
    await writeAtomically(output.replace(/\.npy$/i, '.names.txt'), async (names) => {
      for await (const chunk of chunks) {
        const { buffer, byteOffset, byteLength } = chunk.vectors
        await writeAll(file, new Uint8Array(buffer, byteOffset, byteLength))
        await writeAll(names, Buffer.from(chunk.names.map((name) => `${name}\n`).join('')))
        shape = [shape[0] + chunk.names.length, dimensionOf(chunk)]
      }
    })
    // How many there are is known at the end; the header has room for any number.
    await file.write(npyHeader(shape[0], shape[1]), 0, NPY_HEADER, 0)
  },
}

/** Rows of a chunk: enough for a good row group, few enough for memory. */
const CHUNK = 1024
const NPY_HEADER = 128

/** NumPy's format, version 1.0: magic, header of ASCII padded to 64 bytes, little-endian numbers. */
function npyHeader(rows: number, dimension: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`
  const header = Buffer.from(`\x93NUMPY\x01\x00..${text.padEnd(NPY_HEADER - 11)}\n`, 'latin1')
  header.writeUInt16LE(NPY_HEADER - 10, 8)
  return header
}

/** The file name's format. Throws `invalid-argument` when it is not one that can be written. */
export function vectorFormatOf(output: string): string {
  const format = /\.[^./\\]*$/.exec(output)?.[0].toLowerCase() ?? ''
  if (format in formats) return format
  throw new FlagError('invalid-argument', `${output}: cannot write "${format}" files`, {
    hint: `name the output *${Object.keys(formats).join(', *')}`,
  })
}

/**
 * Writes named vectors to an Arrow, Parquet or NumPy file while they come. The file appears when all are there. Gives
 * how many there were and their length. Throws `not-found` with the message `none` when there is none.
 */
export async function writeVectors(
  output: string,
  vectors: AsyncIterable<{ name: string; vector: Float32Array }>,
  { model, none }: { model: string; none: string },
): Promise<{ rows: number; dimension: number }> {
  const found = { rows: 0, dimension: 0 }
  async function* chunks(): AsyncGenerator<VectorChunk> {
    let chunk: { name: string; vector: Float32Array }[] = []
    const take = (): VectorChunk => {
      const joined = new Float32Array(chunk.length * found.dimension)
      for (const [i, { vector }] of chunk.entries()) joined.set(vector, i * found.dimension)
      const names = chunk.map(({ name }) => name)
      chunk = []
      return { names, vectors: joined }
    }
    for await (const one of vectors) {
      found.rows++
      found.dimension = one.vector.length
      chunk.push(one)
      if (chunk.length === CHUNK) yield take()
    }
    if (found.rows === 0) throw new FlagError('not-found', none)
    if (chunk.length > 0) yield take()
  }
  const write = formats[vectorFormatOf(output)]
  await writeAtomically(output, (file) => write(file, chunks(), model, output))
  return found
}
