/** Stages 1 and 2: the twelve-language text tower learns from the English teacher, then from pictures. */
import { join } from 'node:path'
import {
  compile,
  concatRows,
  descent,
  Generator,
  initialState,
  ops,
  type Scope,
  scopeOfValues,
  spec,
  Tensor,
  type Tensors,
  type Value,
  type Values,
} from '@flag/core-tensor'
import type { AltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { textTower } from '../../packages/flagai/src/models/altclip/model.ts'
import { imageEmbeds } from '../../packages/flagai/src/models/clip/model.ts'
import type { Tokenizer } from '../../packages/flagai/src/tokenizers/index.ts'
import { train } from '../../packages/flagai/src/train/trainer.ts'
import { Augmenter, GENTLE, withEdges } from './augment.ts'
import { type OnStep, PictureSampler, type TrainedClip, teacherPooled } from './clip.ts'
import { type Concept, LANGUAGES, type Language } from './concepts.ts'
import type { EmojiData } from './data.ts'
import { stageOptimizer } from './optimizer.ts'
import { Random } from './random.ts'
import { IMAGE_SIZE, SEED, stages, TEXT_LENGTH, templates } from './recipe.ts'
import { textStart } from './start.ts'
import { drawText, padIds } from './texts.ts'

interface Example {
  readonly concept: number
  readonly ids: readonly number[]
}

/** Steps whose texts are drawn together and dealt out by length, so that a batch has little padding. */
const GROUP = 8

/** The texts of step `index`: short with short, in an order that depends on nothing but the step. */
function textBatch(index: number, size: number, salt: number, draw: (random: Random) => Example): Example[] {
  const group = Math.floor(index / GROUP)
  const random = new Random(SEED + salt, group)
  const drawn = Array.from({ length: GROUP * size }, () => draw(random))
  drawn.sort((a, b) => a.ids.length - b.ids.length || a.concept - b.concept)
  const place = random.permutation(GROUP)[index % GROUP]
  return drawn.slice(place * size, (place + 1) * size)
}

function batchTensors(examples: readonly Example[]) {
  const longest = Math.max(...examples.map(({ ids }) => ids.length))
  return padIds(
    examples.map(({ ids }) => ids),
    Math.min(longest, TEXT_LENGTH),
  )
}

/** Now and then inside a phrase such as "a picture of …". */
function phrased(text: string, language: Language, random: Random, share: number): string {
  return random.chance(share) ? random.pick(templates[language]).replace('{}', text) : text
}

const startsWith = (params: Tensors, prefix: string): Tensors =>
  Object.fromEntries(Object.entries(params).filter(([name]) => name.startsWith(prefix)))

const specsOf = (params: Tensors) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, spec('float32', shape)]))

/** The teacher's pooled embedding of every English name, [concepts, P]. */
async function teacherTargets(
  { params, vocabulary, teacher }: TrainedClip,
  concepts: readonly Concept[],
): Promise<Tensor<'float32'>> {
  const own = startsWith(params, 'teacher.')
  const length = teacher.positions - 2
  const embed = await compile(
    (values: Values, ids: Value) => teacherPooled(scopeOfValues(values), teacher, ids),
    [specsOf(own), spec('int64', ['batch', length])] as const,
  )
  try {
    const ids = padIds(
      concepts.map(({ names }) => vocabulary.encode(names.en)),
      length,
    )
    return (await embed(own, ids)) as Tensor<'float32'>
  } finally {
    await embed.dispose()
  }
}

/** Stage 1: mean squared error between the student's pooled embedding and the teacher's. */
export async function learnFromTeacher(
  folder: string,
  config: AltCLIPConfig,
  data: EmojiData,
  clip: TrainedClip,
  tokenizer: Tokenizer,
  onStep: OnStep,
): Promise<Tensors> {
  const { batch, ...stage } = stages.teacher
  const seen = data.concepts.filter((concept) => !concept.heldOut)
  const targets = await teacherTargets(clip, data.concepts)
  const params = textStart(config, new Generator(SEED))
  const optimizer = stageOptimizer(stage)
  const loss = (values: Values, ids: Value, target: Value) =>
    ops.meanSquaredError(textTower(scopeOfValues(values), config.text, { ids }).pooled, target)
  const draw = (random: Random): Example => {
    const concept = random.pick(seen)
    const language = random.pick(LANGUAGES)
    const text = phrased(concept.names[language], language, random, stage.templates)
    return { concept: concept.index, ids: tokenizer.encode(text, { maxLength: TEXT_LENGTH }) }
  }
  const final = await train({
    folder: join(folder, 'teacher'),
    steps: stage.steps,
    step: descent({ loss, optimizer, maxNorm: 1 }),
    initial: initialState(params, optimizer),
    batchSpecs: [
      spec('int64', [batch, 'length']),
      spec('float32', [batch, config.text.teacherWidth]),
    ] as const,
    batch: (index: number) => {
      const examples = textBatch(index, batch, 101, draw)
      return [batchTensors(examples), concatRows(examples.map(({ concept }) => targets.rows(concept)))]
    },
    batchSize: batch,
    onStep: (record, progress) => onStep('learning from the teacher', record.metrics, progress),
  })
  return final.params
}

/** Normalised embeddings [pictures, views, E] of augmented training pictures, by the frozen image tower. */
async function pictureViews(
  config: AltCLIPConfig,
  data: EmojiData,
  params: Tensors,
  views: number,
): Promise<Tensor<'float32'>> {
  const tower = Object.fromEntries(Object.entries(params).filter(([name]) => name.startsWith('vis')))
  const embed = await compile(
    (values: Values, pixels: Value) => ops.normalize(imageEmbeds(scopeOfValues(values), config, pixels)),
    [specsOf(tower), spec('float32', ['batch', 3, IMAGE_SIZE, IMAGE_SIZE])] as const,
  )
  const augmenter = new Augmenter(withEdges(data.training), IMAGE_SIZE, GENTLE)
  const size = 3 * IMAGE_SIZE * IMAGE_SIZE
  const total = data.training.count * views
  const parts: Tensor<'float32'>[] = []
  try {
    for (let start = 0; start < total; start += 128) {
      const count = Math.min(128, total - start)
      const pixels = new Float32Array(count * size)
      const random = new Random(SEED + 202, start)
      for (let i = 0; i < count; i++) augmenter.one(Math.floor((start + i) / views), random, pixels, i * size)
      const batch = new Tensor('float32', [count, 3, IMAGE_SIZE, IMAGE_SIZE], pixels)
      parts.push((await embed(tower, batch)) as Tensor<'float32'>)
    }
  } finally {
    await embed.dispose()
  }
  return concatRows(parts).reshape([data.training.count, views, config.embedWidth])
}

/** Stage 2: each text against one picture of every seen concept; the image tower stays as it is. */
export async function learnFromPictures(
  folder: string,
  config: AltCLIPConfig,
  data: EmojiData,
  params: Tensors,
  tokenizer: Tokenizer,
  onStep: OnStep,
): Promise<Tensors> {
  const { batch, ...stage } = stages.contrastive
  const views = await pictureViews(config, data, params, stage.views)
  const sampler = new PictureSampler(data)
  const seen = sampler.concepts
  const labelOf = new Map(seen.map((concept, label) => [concept, label]))
  const trained = Object.fromEntries(
    Object.entries(params).filter(([name]) => /^(text_|logit_scale)/.test(name)),
  )
  const optimizer = stageOptimizer(stage)
  const embedTexts = (scope: Scope, ids: Value) =>
    ops.normalize(
      ops.linear(textTower(scope, config.text, { ids }).pooled, scope.param('text_projection.weight')),
    )
  const loss = (values: Values, ids: Value, labels: Value, pictures: Value) => {
    const scope = scopeOfValues(values)
    const scale = ops.exp(ops.minimum(scope.param('logit_scale'), Math.log(100)))
    const logits = ops.mul(ops.matmul(embedTexts(scope, ids), ops.transpose(pictures)), scale) // [B, concepts]
    return ops.crossEntropy(logits, labels, { labelSmoothing: stage.smoothing })
  }
  const draw = (random: Random): Example => {
    const concept = random.pick(seen)
    const language = random.pick(LANGUAGES)
    const text = drawText(data.concepts[concept], language, random, stage.keywords)
    return {
      concept,
      ids: tokenizer.encode(phrased(text, language, random, stage.templates), { maxLength: TEXT_LENGTH }),
    }
  }
  const final = await train({
    folder: join(folder, 'contrastive'),
    steps: stage.steps,
    step: descent({ loss, optimizer, maxNorm: 1 }),
    initial: initialState(trained, optimizer),
    batchSpecs: [
      spec('int64', [batch, 'length']),
      spec('int64', [batch]),
      spec('float32', [seen.length, config.embedWidth]),
    ] as const,
    batch: (index: number) => {
      const examples = textBatch(index, batch, 303, draw)
      const random = new Random(SEED + 304, index)
      const pictures = seen.map((concept) =>
        views.row(sampler.draw(concept, random)).rows(random.below(stage.views)),
      )
      const labels = BigInt64Array.from(examples, ({ concept }) => BigInt(labelOf.get(concept) as number))
      return [batchTensors(examples), new Tensor('int64', [batch], labels), concatRows(pictures)]
    },
    batchSize: batch,
    onStep: (record, progress) => onStep('learning from pictures', record.metrics, progress),
  })
  return { ...params, ...final.params }
}
