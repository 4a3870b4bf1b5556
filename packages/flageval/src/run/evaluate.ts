import { FlagError, Tensor } from '@flag/core-tensor'
import type {
  BitextData,
  ClassificationData,
  Episodes,
  FoilsData,
  MultiLabelData,
  PairsData,
  Picture,
  ProbeData,
  RetrievalData,
  VectorDataset,
} from '../datasets/dataset.ts'
import {
  classVectors,
  fitProbe,
  greatCircleDistance,
  probeLogits,
  type Ranks,
  rankBothWays,
  rankCandidates,
  unitRows,
} from '../metrics/index.ts'
import type { PictureInput } from '../models/model.ts'
import { type RecordOf, type SampleRecord, shortHash } from '../records/record.ts'

/** Turns texts or pictures into vectors, with the key of each request. */
export type Embed = (
  what: 'text' | 'image',
  inputs: readonly PictureInput[],
) => Promise<{ vectors: Tensor<'float32'>; keys: string[] }>

/** What vectors answer. */
export type Embedded = VectorDataset | Episodes

/** One record for every sample of a data set, from the vectors that `embed` gives. */
export async function evaluate(data: Embedded, embed: Embed): Promise<SampleRecord[]> {
  switch (data.kind) {
    case 'retrieval':
      return retrieve(data, embed)
    case 'classification':
      return classify(data, embed)
    case 'probe':
      return probe(data, embed)
    case 'multi-label':
      return label(data, embed)
    case 'pair':
      return matchPairs(data, embed)
    case 'foil':
      return weighFoils(data, embed)
    case 'bitext':
      return matchSentences(data, embed)
    case 'episodes': {
      const records: SampleRecord[] = []
      for (const episode of data.episodes)
        for (const record of await evaluate(episode.data, embed))
          records.push({ ...record, sample: `${episode.id}/${record.sample}` })
      return records
    }
  }
}

/** Everything that a data set asks a model, so that it can be asked in whole batches. */
export function requestsOf(data: Embedded): { texts: string[]; pictures: PictureInput[] } {
  switch (data.kind) {
    case 'retrieval':
      return { texts: data.captions.map(({ text }) => text), pictures: framesOf(data.pictures) }
    case 'classification':
    case 'multi-label':
      return { texts: promptsOf(data), pictures: framesOf(data.pictures) }
    case 'pair':
      return {
        texts: data.samples.flatMap(({ captions }) => captions),
        pictures: framesOf(data.samples.flatMap(({ pictures }) => pictures)),
      }
    case 'foil':
      return {
        texts: data.samples.flatMap(({ right, wrong }) => [right, ...wrong]),
        pictures: framesOf(data.samples.map(({ picture }) => picture)),
      }
    case 'probe': {
      const inputs = framesOf([...data.train, ...data.test])
      return data.of === 'text'
        ? { texts: inputs as string[], pictures: [] }
        : { texts: [], pictures: inputs }
    }
    case 'bitext':
      return { texts: data.sentences.flatMap(({ text, translation }) => [text, translation]), pictures: [] }
    case 'episodes': {
      const parts = data.episodes.map((episode) => requestsOf(episode.data))
      return {
        texts: parts.flatMap(({ texts }) => texts),
        pictures: parts.flatMap(({ pictures }) => pictures),
      }
    }
  }
}

/**
 * The data set as the raw-pixel baseline sees it: every text is a name that `texts` gives the reference picture of.
 * Throws `invalid-argument` when there are none.
 */
export function withReferences(data: Embedded): { data: Embedded; texts: ReadonlyMap<string, PictureInput> } {
  if (data.kind === 'episodes') {
    const parts = data.episodes.map((episode) => ({ id: episode.id, ...withReferences(episode.data) }))
    return {
      data: { kind: 'episodes', episodes: parts as never },
      texts: new Map(parts.flatMap(({ texts }) => [...texts])),
    }
  }
  if (data.kind === 'probe' && data.of === 'image') return { data, texts: new Map() }
  if (!('references' in data) || data.references === undefined) {
    throw new FlagError('invalid-argument', `a ${data.kind} task has no reference pictures`)
  }
  const texts = data.references
  if (data.kind === 'retrieval')
    return { data: { ...data, captions: data.captions.map((it) => ({ ...it, text: it.id })) }, texts }
  if (data.kind === 'pair' || data.kind === 'foil') return { data, texts }
  const classes = data.classes.map((it) => ({ ...it, name: it.id }))
  return { data: { ...data, classes, templates: ['{c}'] }, texts }
}

const isVideo = (input: Picture['input']): input is readonly PictureInput[] => Array.isArray(input)

const framesOf = (pictures: readonly Picture[]): PictureInput[] =>
  pictures.flatMap(({ input }) => (isVideo(input) ? [...input] : [input]))

/** Vectors of length 1 and keys of pictures; of a video, the mean of its frames' vectors. */
export async function embedPictures(pictures: readonly Picture[], embed: Embed) {
  const { vectors, keys } = await embed('image', framesOf(pictures))
  const unit = unitRows(vectors)
  if (!pictures.some(({ input }) => isVideo(input))) return { vectors: unit, keys }
  const width = unit.shape[1]
  const means = new Float32Array(pictures.length * width)
  let frame = 0
  const own = pictures.map(({ input }, i) => {
    const count = isVideo(input) ? input.length : 1
    const first = frame
    for (; frame < first + count; frame++)
      for (let k = 0; k < width; k++) means[i * width + k] += unit.data[frame * width + k] / count
    return count === 1 ? keys[first] : shortHash(keys.slice(first, frame))
  })
  return { vectors: unitRows(new Tensor('float32', [pictures.length, width], means)), keys: own }
}

const promptsOf = ({ classes, templates }: ClassificationData | MultiLabelData) =>
  classes.flatMap(({ name }) => templates.map((template) => template.replaceAll('{c}', name)))

/** The part of a record that ranks give. */
function ranked(ranks: Ranks, at: number, names: readonly string[]) {
  const { kept } = ranks
  const top = Array.from({ length: kept }, (_, k): [string, number] => [
    names[ranks.top[at * kept + k]],
    ranks.topScores[at * kept + k],
  ])
  return { better: ranks.better[at], equal: ranks.equal[at], top }
}

async function retrieve(data: RetrievalData, embed: Embed): Promise<SampleRecord[]> {
  const { pictures, captions, captionOf } = data
  const images = await embedPictures(pictures, embed)
  const texts = await embed(
    'text',
    captions.map(({ text }) => text),
  )
  const unit = unitRows(texts.vectors)
  const owner = captions.map(({ picture }) => picture)
  // Of several right candidates the best counts: captions of a picture, or pictures of a caption.
  const both = captionOf
    ? await rankBothWays(images.vectors, unit, captionOf)
    : await rankBothWays(unit, images.vectors, owner)
  const [asked, shown] = captionOf ? [both.backward, both.forward] : [both.forward, both.backward]
  const pictureNames = pictures.map(({ id }) => id)
  const captionNames = captions.map(({ text }) => text)
  const set = shortHash(images.keys, texts.keys, captionOf ?? owner)
  const captionsOf = pictures.map((_, i): string[] => (captionOf ? [captionNames[captionOf[i]]] : []))
  const picturesOf = captions.map(({ picture }): string[] => (captionOf ? [] : [pictureNames[picture]]))
  if (captionOf) captionOf.forEach((caption, i) => void picturesOf[caption].push(pictureNames[i]))
  else for (const { text, picture } of captions) captionsOf[picture].push(text)
  const found = captions.map(
    ({ id, text, picture }, i): RecordOf<'retrieval'> => ({
      kind: 'retrieval',
      direction: 'text-to-image',
      sample: `text ${id}`,
      document: shortHash(text, set),
      request: texts.keys[i].slice(0, 16),
      cluster: captionOf ? `text ${id}` : pictureNames[picture],
      candidates: pictures.length,
      right: picturesOf[i].length,
      gold: picturesOf[i],
      ...ranked(asked, i, pictureNames),
    }),
  )
  const described = pictures.map(
    ({ id }, i): RecordOf<'retrieval'> => ({
      kind: 'retrieval',
      direction: 'image-to-text',
      sample: `picture ${id}`,
      document: shortHash(images.keys[i], set),
      request: images.keys[i].slice(0, 16),
      cluster: captionOf ? `text ${captions[captionOf[i]].id}` : id,
      candidates: captions.length,
      right: captionsOf[i].length,
      gold: captionsOf[i],
      ...ranked(shown, i, captionNames),
    }),
  )
  return [...found, ...described]
}

async function classify(data: ClassificationData, embed: Embed): Promise<SampleRecord[]> {
  const { pictures, gold, classes, templates } = data
  const images = await embedPictures(pictures, embed)
  const texts = await embed('text', promptsOf(data))
  const ranks = await rankCandidates(images.vectors, classVectors(texts.vectors, templates.length), gold)
  const names = classes.map(({ id }) => id)
  const set = shortHash(texts.keys)
  const places = classes.flatMap(({ at }) => (at ? [at] : []))
  const distances = (i: number) => {
    if (places.length < classes.length) return {}
    const candidates = places.map((place) => greatCircleDistance(place, places[gold[i]]))
    return { kilometres: { answer: candidates[ranks.top[i * ranks.kept]], candidates } }
  }
  return pictures.map(({ id, cluster }, i) => ({
    kind: 'classification',
    sample: id,
    ...(cluster !== undefined && { cluster }),
    document: shortHash(images.keys[i], gold[i], set),
    request: images.keys[i].slice(0, 16),
    candidates: classes.length,
    right: 1,
    gold: [names[gold[i]]],
    ...ranked(ranks, i, names),
    ...distances(i),
  }))
}

/** Classes by their logits; a tie counts against the model, as everywhere. */
async function probe(data: ProbeData, embed: Embed): Promise<SampleRecord[]> {
  const { train, labels, test, gold, classes, c } = data
  const vectorsOf = async (items: readonly Picture[]) => {
    if (data.of === 'image') return embedPictures(items, embed)
    const { vectors, keys } = await embed('text', framesOf(items))
    return { vectors: unitRows(vectors), keys }
  }
  const [seen, asked] = [await vectorsOf(train), await vectorsOf(test)]
  const logits = probeLogits(fitProbe(seen.vectors, labels, classes.length, { c }), asked.vectors)
  const set = shortHash(seen.keys, labels, c)
  return test.map(({ id, cluster }, i) => {
    const row = [...logits.row(i).data]
    const right = row[gold[i]]
    const order = row.map((_, k) => k).sort((a, b) => row[b] - row[a])
    return {
      kind: 'classification',
      sample: id,
      ...(cluster !== undefined && { cluster }),
      document: shortHash(asked.keys[i], gold[i], set),
      request: asked.keys[i].slice(0, 16),
      candidates: classes.length,
      right: 1,
      gold: [classes[gold[i]]],
      better: row.filter((score) => score > right).length,
      equal: row.filter((score) => score === right).length - 1,
      top: order.slice(0, 5).map((k): [string, number] => [classes[k], row[k]]),
    }
  })
}

async function label(data: MultiLabelData, embed: Embed): Promise<SampleRecord[]> {
  const { pictures, gold, classes, templates } = data
  const images = await embedPictures(pictures, embed)
  const texts = await embed('text', promptsOf(data))
  const names = classVectors(texts.vectors, templates.length)
  const set = shortHash(texts.keys)
  return pictures.map(({ id, cluster }, i) => ({
    kind: 'multi-label',
    sample: id,
    ...(cluster !== undefined && { cluster }),
    document: shortHash(images.keys[i], gold[i], set),
    request: images.keys[i].slice(0, 16),
    scores: classes.map((_, c) => cosine(images.vectors, i, names, c)),
    gold: [...gold[i]],
  }))
}

async function matchSentences({ sentences }: BitextData, embed: Embed): Promise<SampleRecord[]> {
  const own = await embed(
    'text',
    sentences.map(({ text }) => text),
  )
  const other = await embed(
    'text',
    sentences.map(({ translation }) => translation),
  )
  const ranks = await rankBothWays(
    unitRows(own.vectors),
    unitRows(other.vectors),
    sentences.map((_, i) => i),
  )
  const set = shortHash(own.keys, other.keys)
  const record = (to: boolean) =>
    sentences.map(({ id, text, translation }, i): RecordOf<'bitext'> => {
      const [asked, found] = to ? [own, 'translation' as const] : [other, 'text' as const]
      return {
        kind: 'bitext',
        direction: to ? 'to-translation' : 'from-translation',
        sample: `${to ? 'to' : 'from'} ${id}`,
        document: shortHash(text, translation, set),
        request: asked.keys[i].slice(0, 16),
        cluster: id,
        candidates: sentences.length,
        right: 1,
        gold: [sentences[i][found]],
        ...ranked(
          to ? ranks.forward : ranks.backward,
          i,
          sentences.map((it) => it[found]),
        ),
      }
    })
  return [...record(true), ...record(false)]
}

/** The cosine of row i of `a` and row j of `b`, both of length 1, in float64. */
export function cosine(a: Tensor<'float32'>, i: number, b: Tensor<'float32'>, j: number): number {
  const width = a.shape[1]
  let sum = 0
  for (let k = 0; k < width; k++) sum += a.data[i * width + k] * b.data[j * width + k]
  return sum
}

async function matchPairs({ samples }: PairsData, embed: Embed): Promise<SampleRecord[]> {
  const images = await embedPictures(
    samples.flatMap(({ pictures }) => pictures),
    embed,
  )
  const texts = await embed(
    'text',
    samples.flatMap(({ captions }) => captions),
  )
  const [x, y] = [unitRows(texts.vectors), images.vectors]
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
  const images = await embedPictures(
    samples.map(({ picture }) => picture),
    embed,
  )
  const texts = await embed(
    'text',
    samples.flatMap(({ right, wrong }) => [right, ...wrong]),
  )
  const [x, y] = [unitRows(texts.vectors), images.vectors]
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
