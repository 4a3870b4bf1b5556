import { Tensor } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import type { ClassificationData, Episodes, FoilsData } from '../datasets/dataset.ts'
import { datasets } from '../datasets/index.ts'
import { type Embed, evaluate } from '../run/evaluate.ts'
import { metricOf } from '../score/metrics.ts'
import { score } from '../score/score.ts'
import { inTurn, lowerCase, type Perturbation, typos } from './perturbations.ts'
import { perturbData } from './perturbData.ts'
import { worstCase } from './worstCase.ts'

const shout: Perturbation = (text) => text.toUpperCase()

describe('perturbed data', () => {
  it('has other texts, the same samples and the same answers', () => {
    const words: Episodes<ClassificationData> = datasets.words.load('en', { negatives: 'any' })
    const loud = perturbData(words, shout)
    const [{ data: before }, { data: after }] = [words.episodes[0], loud.episodes[0]]
    expect(after.classes.map(({ name }) => name)).toEqual(
      before.classes.map(({ name }) => name.toUpperCase()),
    )
    expect([after.gold, after.pictures]).toEqual([before.gold, before.pictures])
    const glosses = datasets.glosses.load('en', { negatives: 'block' })
    const typed = perturbData(glosses, inTurn(lowerCase, typos(0.5)), 7)
    expect(typed.questions.map(({ choices }) => choices)).toEqual(
      glosses.questions.map(({ choices }) => choices),
    )
    expect(typed.questions.some(({ prompt }, i) => prompt !== glosses.questions[i].prompt)).toBe(true)
    expect(perturbData(glosses, inTurn(lowerCase, typos(0.5)), 7)).toEqual(typed)
    expect(() => perturbData(datasets['udhr-texts'].load('en'), shout)).toThrow(
      'likelihood samples have no texts that could be perturbed',
    )
  })

  it('counts each sample as the worst of its variants', async () => {
    const sample = (id: string, right: string, wrong: string) => ({
      id,
      cluster: id,
      category: 'c',
      picture: { id, input: new Uint8Array([1]) },
      right,
      wrong: [wrong],
    })
    const data: FoilsData = { kind: 'foil', samples: [sample('1', 'a', 'b'), sample('2', 'A', 'b')] }
    // A small "a" is what the picture shows; a model that knows no capitals.
    const embed: Embed = async (what, inputs) => ({
      keys: inputs.map((_, i) => `${what} ${i}`),
      vectors: new Tensor(
        'float32',
        [inputs.length, 2],
        Float32Array.from(inputs.flatMap((it) => (what === 'image' || it === 'a' ? [1, 0] : [0, 1]))),
      ),
    })
    const [plain, loud] = [await evaluate(data, embed), await evaluate(perturbData(data, shout), embed)]
    const metric = metricOf('foil_accuracy', 'foil')
    expect(score(plain, 'foil_accuracy').value).toBe(0.5)
    expect(score(plain, 'foil_accuracy', worstCase('foil_accuracy', metric, [loud])).value).toBe(0)
  })
})
