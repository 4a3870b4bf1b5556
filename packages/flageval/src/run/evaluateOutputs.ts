import { FlagError, type Tensor } from '@flag/core-tensor'
import type { Dataset, Picture, PromptsData, RetrievalData } from '../datasets/dataset.ts'
import { unitRows } from '../metrics/index.ts'
import type { GeneratingModel } from '../models/generating.ts'
import { type RecordOf, shortHash } from '../records/record.ts'
import { cosine, type Embed, embedPictures } from './evaluate.ts'

/** What is made of a data set, and whose vectors score it. */
export interface OutputOptions {
  readonly generate: 'pictures' | 'captions'
  /** The name under which the encoder's numbers are shown. */
  readonly encoder: string
  /** What stands before a text where its vector is made. */
  readonly prefix: string
}

type Score = RecordOf<'clip-score'>

/** The texts that pictures are drawn of. Throws `invalid-argument` for data that has none. */
function promptsOf(data: Dataset): PromptsData['prompts'] {
  if (data.kind === 'prompts') return data.prompts
  return describedOf(data).captions.map(({ id, text }) => ({ id, text }))
}

/** Pictures with captions, of all episodes together. Throws `invalid-argument` for data that has none. */
function describedOf(data: Dataset): RetrievalData {
  if (data.kind === 'retrieval') return data
  const parts = data.kind === 'episodes' ? data.episodes.map((episode) => describedOf(episode.data)) : []
  if (parts.length === 0 || parts.some(({ captionOf }) => captionOf !== undefined))
    throw new FlagError('invalid-argument', `${data.kind} samples have no pictures with captions`)
  let first = 0
  const captions = parts.flatMap(({ pictures, captions: own }) => {
    const moved = own.map((it) => ({ ...it, picture: first + it.picture }))
    first += pictures.length
    return moved
  })
  return { kind: 'retrieval', pictures: parts.flatMap(({ pictures }) => pictures), captions }
}

/** One record with the cosine of picture and text for every picture that a model drew or every caption that it wrote. */
export async function scoreOutputs(
  data: Dataset,
  model: GeneratingModel,
  embed: Embed,
  options: OutputOptions,
): Promise<Score[]> {
  return options.generate === 'pictures'
    ? scorePictures(promptsOf(data), model, embed, options)
    : scoreCaptions(describedOf(data), model, embed, options)
}

const cannot = (model: GeneratingModel, what: string) =>
  new FlagError('unsupported', `${model.name} makes no ${what}, which this task needs`)

async function drawn(prompts: PromptsData['prompts'], model: GeneratingModel): Promise<Picture[]> {
  if (!model.drawPictures) throw cannot(model, 'pictures')
  const inputs = await model.drawPictures(prompts)
  checkCount(model, inputs.length, prompts.length)
  return prompts.map(({ id }, i) => ({ id, input: inputs[i] }))
}

function checkCount({ name }: GeneratingModel, found: number, expected: number): void {
  if (found !== expected)
    throw new FlagError('invalid-argument', `${name} gave ${found} outputs for ${expected} samples`)
}

const next = (i: number, count: number) => (i + 1) % count

async function scorePictures(
  prompts: PromptsData['prompts'],
  model: GeneratingModel,
  embed: Embed,
  { encoder, prefix }: OutputOptions,
): Promise<Score[]> {
  const images = await embedPictures(await drawn(prompts, model), embed)
  const { vectors, keys } = await embed(
    'text',
    prompts.map(({ text }) => prefix + text),
  )
  const texts = unitRows(vectors)
  return prompts.map(({ id, text }, i) => ({
    kind: 'clip-score',
    sample: id,
    document: shortHash(text),
    request: shortHash(keys[i], images.keys[i]),
    encoder,
    cosine: cosine(images.vectors, i, texts, i),
    other: cosine(images.vectors, i, texts, next(i, prompts.length)),
  }))
}

async function scoreCaptions(
  { pictures, captions, captionOf }: RetrievalData,
  model: GeneratingModel,
  embed: Embed,
  { encoder, prefix }: OutputOptions,
): Promise<Score[]> {
  if (!model.describePictures) throw cannot(model, 'captions')
  const written = await model.describePictures(pictures)
  checkCount(model, written.length, pictures.length)
  const images = await embedPictures(pictures, embed)
  const encode = async (list: readonly string[]) =>
    unitRows(
      (
        await embed(
          'text',
          list.map((text) => prefix + text),
        )
      ).vectors,
    )
  const [own, references] = [await encode(written), await encode(captions.map(({ text }) => text))]
  const referencesOf = pictures.map((_, i) =>
    captionOf ? [captionOf[i]] : captions.flatMap(({ picture }, k) => (picture === i ? [k] : [])),
  )
  return pictures.map(({ id, cluster }, i) => {
    const others = referencesOf[i]
    return {
      kind: 'clip-score',
      sample: id,
      ...(cluster !== undefined && { cluster }),
      document: shortHash(
        images.keys[i],
        others.map((k) => captions[k].text),
      ),
      request: images.keys[i].slice(0, 16),
      encoder,
      cosine: cosine(images.vectors, i, own, i),
      other: cosine(images.vectors, i, own, next(i, pictures.length)),
      ...(others.length > 0 && { reference: Math.max(...others.map((k) => cosine(own, i, references, k))) }),
      caption: written[i],
    }
  })
}

/** The vectors of the pictures that a model drew, and of those of the data set: what FID and KID compare. */
export async function featuresOf(
  data: Dataset,
  model: GeneratingModel,
  embed: Embed,
  { encoder }: OutputOptions,
): Promise<RecordOf<'feature'>[]> {
  const { pictures } = describedOf(data)
  const record = async (set: 'drawn' | 'real', items: readonly Picture[]) => {
    // As they are, not of length 1: their distribution is compared.
    const { vectors, keys } = await embed(
      'image',
      items.map(({ id, input }) => {
        if (typeof input === 'string' || input instanceof Uint8Array) return input
        throw new FlagError('unsupported', `${id} is a video: pictures are compared`)
      }),
    )
    return items.map(
      ({ id }, i): RecordOf<'feature'> => ({
        kind: 'feature',
        sample: `${set} ${id}`,
        document: set === 'real' ? shortHash(keys[i]) : shortHash(id),
        request: keys[i].slice(0, 16),
        encoder,
        set,
        vector: base64Of(vectors, i),
      }),
    )
  }
  return [
    ...(await record('drawn', await drawn(promptsOf(data), model))),
    ...(await record('real', pictures)),
  ]
}

function base64Of(vectors: Tensor<'float32'>, i: number): string {
  const { data } = vectors.row(i)
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}
