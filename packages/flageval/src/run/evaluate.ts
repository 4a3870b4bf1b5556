import { FlagError, type Tensor } from '@flag/core-tensor'
import type { ClassificationData, Dataset, FoilsData, PairsData, RetrievalData } from '../datasets/index.ts'
import { classVectors, type Ranks, rankBothWays, rankCandidates, unitRows } from '../metrics/index.ts'
import type { PictureInput } from '../models/model.ts'
import { type RecordOf, type SampleRecord, shortHash } from '../records/record.ts'

/** Turns texts or pictures into vectors, with the key of each request. */
export type Embed = (
  what: 'text' | 'image',
  inputs: readonly PictureInput[],
) => Promise<{ vectors: Tensor<'float32'>; keys: string[] }>

/** One record for every sample of a data set, from the vectors that `embed` gives. */
export function evaluate(data: Dataset, embed: Embed): Promise<SampleRecord[]> {
  switch (data.kind) {
    case 'retrieval':
      return retrieve(data, embed)
    case 'classification':
      return classify(data, embed)
    case 'pair':
      return matchPairs(data, embed)
    case 'foil':
      return weighFoils(data, embed)
  }
}

/**
 * The data set as the raw-pixel baseline sees it: every text is a name that `texts` gives the reference picture of.
 * Throws `invalid-argument` when there are none.
 */
export function withReferences(data: Dataset): { data: Dataset; texts: ReadonlyMap<string, PictureInput> } {
  if (!('references' in data) || data.references === undefined) {
    throw new FlagError('invalid-argument', `a ${data.kind} task has no reference pictures`)
  }
  const named = data.kind === 'retrieval' ? data.captions : data.classes
  const { references } = data
  const texts = new Map(named.map(({ id }, i) => [id, references[i].input]))
  if (data.kind === 'retrieval')
    return { data: { ...data, captions: data.captions.map((it) => ({ ...it, text: it.id })) }, texts }
  const classes = data.classes.map(({ id }) => ({ id, name: id }))
  return { data: { ...data, classes, templates: ['{c}'] }, texts }
}

const inputsOf = (pictures: readonly { input: PictureInput }[]) => pictures.map(({ input }) => input)

/** The part of a record that ranks give. */
function ranked(ranks: Ranks, at: number, names: readonly string[]) {
  const { kept } = ranks
  const top = Array.from({ length: kept }, (_, k): [string, number] => [
    names[ranks.top[at * kept + k]],
    ranks.topScores[at * kept + k],
  ])
  return { better: ranks.better[at], equal: ranks.equal[at], top }
}

async function retrieve({ pictures, captions }: RetrievalData, embed: Embed): Promise<SampleRecord[]> {
  const images = await embed('image', inputsOf(pictures))
  const texts = await embed(
    'text',
    captions.map(({ text }) => text),
  )
  const owner = captions.map(({ picture }) => picture)
  const { forward, backward } = await rankBothWays(unitRows(texts.vectors), unitRows(images.vectors), owner)
  const pictureNames = pictures.map(({ id }) => id)
  const captionNames = captions.map(({ text }) => text)
  const set = shortHash(images.keys, texts.keys, owner)
  const asked = captions.map(
    ({ id, text, picture }, i): RecordOf<'retrieval'> => ({
      kind: 'retrieval',
      direction: 'text-to-image',
      sample: `text ${id}`,
      document: shortHash(text, set),
      request: texts.keys[i].slice(0, 16),
      cluster: pictureNames[picture],
      candidates: pictures.length,
      right: 1,
      gold: [pictureNames[picture]],
      ...ranked(forward, i, pictureNames),
    }),
  )
  const shown = pictures.map(({ id }, i): RecordOf<'retrieval'> => {
    const own = captions.filter(({ picture }) => picture === i)
    return {
      kind: 'retrieval',
      direction: 'image-to-text',
      sample: `picture ${id}`,
      document: shortHash(images.keys[i], set),
      request: images.keys[i].slice(0, 16),
      cluster: id,
      candidates: captions.length,
      right: own.length,
      gold: own.map(({ text }) => text),
      ...ranked(backward, i, captionNames),
    }
  })
  return [...asked, ...shown]
}

async function classify(data: ClassificationData, embed: Embed): Promise<SampleRecord[]> {
  const { pictures, gold, classes, templates } = data
  const images = await embed('image', inputsOf(pictures))
  const prompts = classes.flatMap(({ name }) => templates.map((template) => template.replaceAll('{c}', name)))
  const texts = await embed('text', prompts)
  const ranks = await rankCandidates(
    unitRows(images.vectors),
    classVectors(texts.vectors, templates.length),
    gold,
  )
  const names = classes.map(({ id }) => id)
  const set = shortHash(texts.keys)
  return pictures.map(({ id }, i) => ({
    kind: 'classification',
    sample: id,
    document: shortHash(images.keys[i], gold[i], set),
    request: images.keys[i].slice(0, 16),
    candidates: classes.length,
    right: 1,
    gold: [names[gold[i]]],
    ...ranked(ranks, i, names),
  }))
}

/** The cosine of row i of `a` and row j of `b`, both of length 1, in float64. */
function cosine(a: Tensor<'float32'>, i: number, b: Tensor<'float32'>, j: number): number {
  const width = a.shape[1]
  let sum = 0
  for (let k = 0; k < width; k++) sum += a.data[i * width + k] * b.data[j * width + k]
  return sum
}

async function matchPairs({ samples }: PairsData, embed: Embed): Promise<SampleRecord[]> {
  const images = await embed(
    'image',
    samples.flatMap(({ pictures }) => inputsOf(pictures)),
  )
  const texts = await embed(
    'text',
    samples.flatMap(({ captions }) => captions),
  )
  const [x, y] = [unitRows(texts.vectors), unitRows(images.vectors)]
  return samples.map(({ id, cluster }, i) => {
    const score = (caption: number, picture: number) => cosine(x, 2 * i + caption, y, 2 * i + picture)
    const parts = [texts.keys[2 * i], texts.keys[2 * i + 1], images.keys[2 * i], images.keys[2 * i + 1]]
    return {
      kind: 'pair',
      sample: id,
      document: shortHash(parts),
      request: shortHash(parts),
      cluster,
      scores: [score(0, 0), score(1, 0), score(0, 1), score(1, 1)],
    }
  })
}

async function weighFoils({ samples }: FoilsData, embed: Embed): Promise<SampleRecord[]> {
  const images = await embed(
    'image',
    samples.map(({ picture }) => picture.input),
  )
  const texts = await embed(
    'text',
    samples.flatMap(({ right, wrong }) => [right, ...wrong]),
  )
  const [x, y] = [unitRows(texts.vectors), unitRows(images.vectors)]
  let at = 0
  return samples.map(({ id, cluster, category, wrong }, i) => {
    const first = at
    at += 1 + wrong.length
    const keys = [images.keys[i], ...texts.keys.slice(first, at)]
    return {
      kind: 'foil',
      sample: id,
      document: shortHash(keys),
      request: shortHash(keys),
      cluster,
      category,
      right: cosine(x, first, y, i),
      wrong: wrong.map((_, k) => cosine(x, first + 1 + k, y, i)),
    }
  })
}
