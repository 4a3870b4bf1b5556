import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FlagError } from '@flag/core-tensor'
import { printJson } from '@flag/core-tensor/terminal'
import { inBatches } from '../models/batches.ts'
import { scanPictures, type Unreadable } from '../search/index.ts'
import { type Context, type LoadedModel, type ModelChoice, withModel } from './context.ts'
import { Progress } from './progress.ts'
import { vectorFormatOf, writeVectors } from './vectorFile.ts'

export interface EmbedOptions extends ModelChoice {
  output: string
  json?: boolean
}

/** Lines that go to the model in one call: enough to find some of similar length. */
const LINES = 256

type NamedVectors = AsyncGenerator<{ name: string; vector: Float32Array }>

/** `flagai embed`: vectors of pictures or texts, in a file that other tools read, written as they come. */
export async function embed(context: Context, input: string, options: EmbedOptions): Promise<void> {
  vectorFormatOf(options.output)
  const found = await stat(input).catch(() => undefined)
  if (!found) throw new FlagError('not-found', `${input}: no such folder or file`)
  await withModel(context, options, async (loaded) => {
    const progress = new Progress(context.terminal, 'embedding')
    const unreadable: Unreadable[] = []
    const vectors = found.isDirectory()
      ? embedPictures(loaded, input, progress, unreadable)
      : embedLines(loaded, input, found.size, progress)
    const none = found.isDirectory() ? `${input}: no pictures that can be read` : `${input}: no text in it`
    const { rows, dimension } = await writeVectors(options.output, vectors, {
      model: loaded.name,
      none,
    }).finally(() => progress.end())
    for (const { path, reason } of unreadable) context.terminal.err(`skipped ${path}: ${reason}\n`)
    if (options.json) {
      printJson(context.terminal, {
        model: loaded.name,
        output: options.output,
        rows,
        dimension,
        unreadable,
      })
    } else {
      context.terminal.err(`wrote ${rows} vectors of ${dimension} numbers to ${options.output}\n`)
    }
  })
}

async function* embedPictures(
  { model }: LoadedModel,
  folder: string,
  progress: Progress,
  unreadable: Unreadable[],
): NamedVectors {
  const scanned = await scanPictures(folder)
  unreadable.push(...scanned.unreadable)
  const names = scanned.pictures.map(({ path }) => path)
  let done = 0
  for await (const { image, vector, error } of model.encodeImageStream(
    names.map((name) => join(folder, name)),
  )) {
    const path = names[done++]
    if (error) unreadable.push({ path, reason: error.message.replace(`${image}: `, '') })
    else yield { name: path, vector }
    progress.update(done, names.length)
  }
}

async function* embedLines(
  { model }: LoadedModel,
  path: string,
  size: number,
  progress: Progress,
): NamedVectors {
  let bytes = 0
  for await (const texts of inBatches(linesOf(path), LINES)) {
    const vectors = await model.encodeText(texts)
    for (const [i, name] of texts.entries()) {
      bytes += Buffer.byteLength(name) + 1
      yield { name, vector: vectors.row(i).data as Float32Array }
    }
    progress.update(Math.min(bytes, size), size)
  }
}

/** Lines with something in them. Throws `corrupt-file` when the file is not UTF-8. */
async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({
    input: createReadStream(path, 'latin1'),
    crlfDelay: Infinity,
  })) {
    const text = utf8(Buffer.from(line, 'latin1'), path)
    if (text.trim() !== '') yield text
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: not UTF-8 text`, {
      cause,
      hint: 'give a folder of pictures or a text file',
    })
  }
}
