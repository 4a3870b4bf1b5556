import { readFile } from 'node:fs/promises'
import { FlagError, parseNpy, type Tensor } from '@flag/core-tensor'
import type { RetrievalData } from '../datasets/dataset.ts'
import type { PictureInput } from '../models/embedding.ts'
import { type RecordOf, shortHash } from '../records/record.ts'
import { score } from '../score/score.ts'
import { loadTask, type Task } from '../tasks/task.ts'
import type { ServedTask } from './answers.ts'

/** How many of the best candidates a record keeps. */
const KEPT = 5

/**
 * A retrieval task as a server has it, one for each language (`emoji-retrieval.en`): `/get_retrieval_data` gives pictures and
 * texts, and what is handed in is FlagEvalMM's matrix of similarities `[pictures, texts]`, float32 or float64, as .npy. Throws
 * `unsupported` for tasks of other kinds and for ones in parts.
 */
export async function retrievalTasks(task: Task, languages: readonly string[] = task.languages) {
  return Promise.all(languages.map((language) => retrievalTask(task, language)))
}

async function retrievalTask(task: Task, language: string): Promise<ServedTask> {
  const data = await loadTask(task, language)
  if (data.kind !== 'retrieval' || data.captionOf) {
    throw new FlagError(
      'unsupported',
      `task ${task.id}: a server takes retrieval tasks with one gallery, this one has ${data.kind} samples`,
    )
  }
  const { pictures, captions } = data
  const name = `${task.id}.${language}`
  return {
    name,
    meta: { name, image_number: pictures.length, caption_number: captions.length, type: 'retrieval' },
    item: (type, index) => {
      if (type === 'text') return captions[index] && Promise.resolve({ index, caption: captions[index].text })
      const picture = pictures[index]
      return picture && inBase64(picture.input as PictureInput).then((image) => ({ index, image }))
    },
    check: (body) => checked(body, [pictures.length, captions.length]),
    score: async (matrix: Tensor<'float32'>) => {
      const records = recordsOf(data, matrix)
      return task.metrics.map((metric) => score(records, metric))
    },
  }
}

const inBase64 = async (input: PictureInput) =>
  Buffer.from(typeof input === 'string' ? await readFile(input) : input).toString('base64')

async function checked(body: unknown, shape: readonly [number, number]): Promise<Tensor> {
  if (typeof body !== 'string')
    throw new FlagError('invalid-argument', 'expected a .npy file: its bytes, or them in base64 as JSON')
  const matrix = await parseNpy(Buffer.from(body, 'base64'), 'the submission')
  const isFloat = matrix.dtype === 'float32' || matrix.dtype === 'float64'
  if (!isFloat || `${matrix.shape}` !== `${shape}`) {
    throw new FlagError(
      'invalid-argument',
      `the matrix is ${matrix.dtype} [${matrix.shape}], expected float32 [${shape}]: pictures, texts`,
    )
  }
  const odd = (matrix.data as Float32Array).findIndex((value) => !Number.isFinite(value))
  if (odd >= 0) throw new FlagError('invalid-argument', `number ${odd + 1} of the matrix is not finite`)
  return matrix
}

/** The records that a run would have, from the similarities; equal ones are ties. */
function recordsOf({ pictures, captions }: RetrievalData, { data }: Tensor): RecordOf<'retrieval'>[] {
  const values = data as Float32Array
  const width = captions.length
  const column = (text: number) => pictures.map((_, i) => values[i * width + text])
  const row = (picture: number) => captions.map((_, k) => values[picture * width + k])
  const owned = pictures.map((): number[] => [])
  for (const [k, { picture }] of captions.entries()) owned[picture].push(k)
  const found = captions.map(
    ({ id, text, picture }, k): RecordOf<'retrieval'> => ({
      kind: 'retrieval',
      direction: 'text-to-image',
      sample: `text ${id}`,
      document: shortHash(text),
      request: shortHash(text),
      cluster: pictures[picture].id,
      ...ranked(
        column(k),
        [picture],
        pictures.map(({ id: name }) => name),
      ),
    }),
  )
  const described = pictures.map(
    ({ id }, i): RecordOf<'retrieval'> => ({
      kind: 'retrieval',
      direction: 'image-to-text',
      sample: `picture ${id}`,
      document: shortHash(id),
      request: shortHash(id),
      cluster: id,
      ...ranked(
        row(i),
        owned[i],
        captions.map(({ text }) => text),
      ),
    }),
  )
  return [...found, ...described]
}

function ranked(scores: readonly number[], right: readonly number[], names: readonly string[]) {
  const best = Math.max(...right.map((at) => scores[at]))
  const isRight = new Set(right)
  const order: number[] = []
  for (const [at, value] of scores.entries()) {
    if (order.length === KEPT && value <= scores[order[KEPT - 1]]) continue
    const place = order.findIndex((other) => value > scores[other])
    order.splice(place < 0 ? order.length : place, 0, at)
    order.length = Math.min(order.length, KEPT)
  }
  return {
    candidates: scores.length,
    right: right.length,
    gold: right.map((at) => names[at]),
    better: scores.filter((value) => value > best).length,
    equal: scores.filter((value, at) => value === best && !isRight.has(at)).length,
    top: order.map((at): [string, number] => [names[at], scores[at]]),
  }
}
