/** Stage 0: a small English CLIP learns from pictures and names. */
import { join } from 'node:path'
import {
  descent,
  fromNumbers,
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
import { type TrainingProgress, train } from '../../packages/flagai/src/train/trainer.ts'
import { Augmenter, GENTLE, STRONG, withEdges } from './augment.ts'
import type { Concept } from './concepts.ts'
import type { EmojiData } from './data.ts'
import { stageOptimizer } from './optimizer.ts'
import { Random } from './random.ts'
import { IMAGE_SIZE, SEED, stages, teacherConfig } from './recipe.ts'
import { imageStart, textStart } from './start.ts'
import { drawText, padIds, WordVocabulary } from './texts.ts'

export type OnStep = (
  stage: string,
  metrics: Readonly<Record<string, number>>,
  progress: TrainingProgress,
) => void

/** Pictures per concept and style, so that every style has the same share, however many pictures it has. */
export class PictureSampler {
  private readonly byConcept = new Map<number, Map<number, { base: number[]; skins: number[] }>>()
  readonly concepts: readonly number[]

  constructor({ training }: Pick<EmojiData, 'training'>) {
    for (let i = 0; i < training.count; i++) {
      const styles = this.byConcept.get(training.concept[i]) ?? new Map()
      this.byConcept.set(training.concept[i], styles)
      const forms = styles.get(training.style[i]) ?? { base: [], skins: [] }
      styles.set(training.style[i], forms)
      ;(training.skin[i] > 0 ? forms.skins : forms.base).push(i)
    }
    this.concepts = [...this.byConcept.keys()].sort((a, b) => a - b)
  }

  /** Index of a picture of the concept: any style with equal chance, a third of them skin-toned where there are such. */
  draw(concept: number, random: Random): number {
    const forms = random.pick([
      ...(this.byConcept.get(concept) as Map<number, { base: number[]; skins: number[] }>).values(),
    ])
    const skinned = forms.base.length === 0 || (forms.skins.length > 0 && random.chance(1 / 3))
    return random.pick(skinned ? forms.skins : forms.base)
  }
}

/** Concept number `i` of a step's batch: every concept comes once before any comes again. */
function conceptAt(concepts: readonly number[], position: number): number {
  const epoch = Math.floor(position / concepts.length)
  let order = orders.get(epoch)
  if (!order) {
    orders.clear()
    for (const e of [epoch, epoch + 1])
      orders.set(e, new Random(SEED, 1_000_000 + e).permutation(concepts.length))
    order = orders.get(epoch) as Uint32Array
  }
  return concepts[order[position % concepts.length]]
}
const orders = new Map<number, Uint32Array>()

const TEACHER = 'teacher'

/** The teacher's pooled text embedding [texts, P] (before `text_projection`). */
export const teacherPooled = (scope: Scope, config: AltCLIPConfig['text'], ids: Value): Value =>
  textTower(scope.at(TEACHER), config, { ids }).pooled

export interface TrainedClip {
  /** The model's parameters (its own text tower untrained, but for `text_projection`) and the teacher's. */
  readonly params: Tensors
  readonly vocabulary: WordVocabulary
  readonly teacher: AltCLIPConfig['text']
}

export async function trainClip(
  folder: string,
  config: AltCLIPConfig,
  data: EmojiData,
  onStep: OnStep,
): Promise<TrainedClip> {
  const { batch: B, texts: M, ...stage } = stages.clip
  const seen = data.concepts.filter((concept) => !concept.heldOut)
  const vocabulary = new WordVocabulary(seen.flatMap(({ names, keywords }) => [names.en, ...keywords.en]))
  const teacher = teacherConfig(vocabulary.size)
  const length = teacher.positions - 2

  const params: Record<string, Tensor> = imageStart(config, new Generator(SEED))
  const text = textStart({ ...config, text: teacher }, new Generator(SEED + 1))
  for (const [name, tensor] of Object.entries(text)) params[`${TEACHER}.${name}`] = tensor
  const optimizer = stageOptimizer(stage)
  const loss = (values: Values, pixels: Value, ids: Value, patches?: Value): Value => {
    const scope = scopeOfValues(values)
    // Chunks through the image tower: half the memory, and faster than one large batch.
    const chunks = ops.split(pixels, new Array(B / 32).fill(32), 0)
    const images = ops.normalize(
      ops.concat(
        chunks.map((chunk) => imageEmbeds(scope, config, chunk, { patches })),
        0,
      ),
    ) // [B, E]
    const pooled = teacherPooled(scope, teacher, ids) // [M, P]
    const texts = ops.normalize(ops.linear(pooled, scope.param('text_projection.weight'))) // [M, E]
    const scale = ops.exp(ops.minimum(scope.param('logit_scale'), Math.log(100)))
    const logits = ops.mul(ops.matmul(images, ops.transpose(texts)), scale) // [B, M]
    const own = ops.slice(logits, [0], [B], [1]) // [B, B]
    const labels = ops.iota(B)
    const smooth = { labelSmoothing: stage.smoothing }
    const [rows, columns] = [
      ops.crossEntropy(logits, labels, smooth),
      ops.crossEntropy(ops.transpose(own), labels, smooth),
    ]
    return ops.mul(ops.add(rows, columns), 0.5)
  }

  const sampler = new PictureSampler(data)
  const edged = withEdges(data.training)
  const [gentle, strong] = [GENTLE, STRONG].map((options) => new Augmenter(edged, IMAGE_SIZE, options))
  const patchCount = config.vision.grid ** 2
  const kept = Math.round(patchCount * stage.keep)
  const values = 3 * IMAGE_SIZE * IMAGE_SIZE

  const examples = (index: number) => {
    const random = new Random(SEED, index)
    const positives = Array.from({ length: B }, (_, i) => conceptAt(sampler.concepts, index * B + i))
    const others = new Set(positives)
    while (others.size < M) others.add(random.pick(sampler.concepts))
    const pixels = new Float32Array(B * values)
    const share = stage.strong * Math.min(1, (2 * index) / stage.steps)
    positives.forEach((concept, i) => {
      const augmenter = random.chance(share) ? strong : gentle
      augmenter.one(sampler.draw(concept, random), random, pixels, i * values)
    })
    // The first B of the set are the positives, in order.
    const texts = [...others].map((concept) =>
      drawText(data.concepts[concept] as Concept, 'en', random, stage.keywords),
    )
    const patches = Array.from(random.permutation(patchCount).subarray(0, kept)).sort((a, b) => a - b)
    return {
      pixels: new Tensor('float32', [B, 3, IMAGE_SIZE, IMAGE_SIZE], pixels),
      ids: padIds(
        texts.map((text) => vocabulary.encode(text)),
        length,
      ),
      patches: fromNumbers(patches, [kept], 'int64'),
    }
  }

  const specs = [spec('float32', [B, 3, IMAGE_SIZE, IMAGE_SIZE]), spec('int64', [M, length])] as const
  const partial = Math.round(stage.steps * stage.wholeFrom)
  const initial = initialState(params, optimizer)
  const report =
    (
      name: string,
    ): ((record: { metrics: Readonly<Record<string, number>> }, progress: TrainingProgress) => void) =>
    (record, progress) =>
      onStep(name, record.metrics, progress)

  const first = await train({
    folder: join(folder, 'clip-some'),
    steps: partial,
    step: descent({ loss, optimizer, maxNorm: 1 }),
    initial,
    batchSpecs: [...specs, spec('int64', [kept])] as const,
    batch: (index: number) => {
      const { pixels, ids, patches } = examples(index)
      return [pixels, ids, patches]
    },
    batchSize: B,
    onStep: report('clip, some patches'),
  })
  const last = await train({
    folder: join(folder, 'clip-whole'),
    steps: stage.steps - partial,
    step: descent({ loss, optimizer, maxNorm: 1 }),
    initial: first,
    batchSpecs: specs,
    batch: (index: number) => {
      const { pixels, ids } = examples(partial + index)
      return [pixels, ids]
    },
    batchSize: B,
    onStep: report('clip, all patches'),
  })
  return { params: last.params, vocabulary, teacher }
}
