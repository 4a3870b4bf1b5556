import { readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { concatRows, FlagError, type Tensor } from '@flag/core-tensor'
import { tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { decode, type RgbImage } from '../preprocess/index.ts'
import { scanPictures, type Unreadable } from '../search/index.ts'
import { vectorTable, writeWhole } from '../search/vectorTable.ts'
import { type Context, type LoadedModel, type ModelChoice, printJson, withModel } from './context.ts'
import { Progress } from './terminal.ts'

export interface EmbedOptions extends ModelChoice {
  output: string
  json?: boolean
}

const formats = ['.arrow', '.parquet', '.npy']
const BATCH = 16

interface Embedded {
  names: string[]
  vectors: Tensor<'float32'>
  unreadable: Unreadable[]
}

/** `flagai embed`: vectors of pictures or texts, in a file that other tools read. */
export async function embed(context: Context, input: string, options: EmbedOptions): Promise<void> {
  const format = extname(options.output).toLowerCase()
  if (!formats.includes(format)) {
    throw new FlagError('invalid-argument', `${options.output}: cannot write "${format}" files`, {
      hint: `name the output *${formats.join(', *')}`,
    })
  }
  const found = await stat(input).catch(() => undefined)
  if (!found) throw new FlagError('not-found', `${input}: no such folder or file`)
  await withModel(context, options, async (loaded) => {
    const progress = new Progress(context.terminal, 'embedding')
    const work = found.isDirectory()
      ? embedPictures(loaded, input, progress)
      : embedLines(loaded, input, progress)
    const { names, vectors, unreadable } = await work.finally(() => progress.end())
    await write(options.output, format, names, vectors, loaded.name)
    for (const { path, reason } of unreadable) context.terminal.err(`skipped ${path}: ${reason}\n`)
    const [rows, dimension] = vectors.shape
    if (options.json) {
      printJson(context.terminal, { model: loaded.name, output: options.output, rows, dimension, unreadable })
    } else {
      context.terminal.err(`wrote ${rows} vectors of ${dimension} numbers to ${options.output}\n`)
    }
  })
}

async function embedPictures({ model }: LoadedModel, folder: string, progress: Progress): Promise<Embedded> {
  const { pictures, unreadable } = await scanPictures(folder)
  const names: string[] = []
  const parts: Tensor<'float32'>[] = []
  for (let start = 0; start < pictures.length; start += BATCH) {
    const images: RgbImage[] = []
    for (const { path } of pictures.slice(start, start + BATCH)) {
      try {
        images.push(await decode(join(folder, path), { background: [255, 255, 255] }))
        names.push(path)
      } catch (error) {
        const file = join(folder, path)
        unreadable.push({ path, reason: (error as Error).message.replace(`${file}: `, '') })
      }
    }
    if (images.length > 0) parts.push(await model.encodeImage(images))
    progress.update(Math.min(start + BATCH, pictures.length), pictures.length)
  }
  if (parts.length === 0) throw new FlagError('not-found', `${folder}: no pictures that can be read`)
  return { names, vectors: concatRows(parts), unreadable }
}

async function embedLines({ model }: LoadedModel, path: string, progress: Progress): Promise<Embedded> {
  const bytes = await readFile(path)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: not UTF-8 text`, {
      cause,
      hint: 'give a folder of pictures or a text file',
    })
  }
  const names = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (names.length === 0) throw new FlagError('invalid-argument', `${path}: no text in it`)
  const parts: Tensor<'float32'>[] = []
  for (let start = 0; start < names.length; start += BATCH) {
    parts.push(await model.encodeText(names.slice(start, start + BATCH)))
    progress.update(Math.min(start + BATCH, names.length), names.length)
  }
  return { names, vectors: concatRows(parts), unreadable: [] }
}

async function write(
  output: string,
  format: string,
  names: string[],
  vectors: Tensor<'float32'>,
  model: string,
): Promise<void> {
  const { data } = vectors
  const [rows, dimension] = vectors.shape
  if (format === '.arrow') {
    const name = vectorFromArray(names, new Utf8())
    const table = vectorTable({ name }, data, dimension, { 'flag.model': model })
    await writeWhole(output, tableToIPC(table, 'file'))
  } else if (format === '.parquet') {
    await writeWhole(output, parquetOf(names, data, dimension, model))
  } else {
    await writeWhole(output, npyOf(data, [rows, dimension]))
    await writeWhole(output.replace(/\.npy$/i, '.names.txt'), `${names.join('\n')}\n`)
  }
}

function parquetOf(names: string[], data: Float32Array, dimension: number, model: string): Uint8Array {
  const embedding = names.map((_, i) => data.subarray(i * dimension, (i + 1) * dimension))
  const buffer = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'embedding', num_children: 1, converted_type: 'LIST', repetition_type: 'REQUIRED' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'name', data: names },
      { name: 'embedding', data: embedding.map((vector) => Array.from(vector)) },
    ],
    kvMetadata: [{ key: 'flag.model', value: model }],
  })
  return new Uint8Array(buffer)
}

/** NumPy's format, version 1.0: magic, header of ASCII padded to 64 bytes, little-endian numbers. */
function npyOf(data: Float32Array, shape: readonly number[]): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10
  const header = Buffer.from(`\x93NUMPY\x01\x00..${text.padEnd(length - 1)}\n`, 'latin1')
  header.writeUInt16LE(length, 8)
  return Buffer.concat([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
}
