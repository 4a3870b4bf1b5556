import { createHash } from 'node:crypto'
import { FlagError } from '@flag/core-tensor'
import type { Dataset } from '../datasets/dataset.ts'
import { PythonRandom } from '../python/random.ts'
import type { Perturbation } from './perturbations.ts'

/**
 * A data set whose questions are perturbed, for `worstCase`: captions, class names, prompts and sentences, each by random
 * numbers of its own, which depend on the seed and the text only. Samples keep their names, and what is right stays right:
 * choices, references, tests and translations are as they were. Throws `unsupported` for data without texts to ask about.
 */
export function perturbData<D extends Dataset>(data: D, perturbation: Perturbation, seed = 0): D {
  const change = (text: string) => {
    const digest = createHash('sha256').update(`${seed} ${text}`).digest()
    return perturbation(text, new PythonRandom(digest.readUInt32LE(0)))
  }
  return changed(data, change) as D
}

function changed(data: Dataset, change: (text: string) => string): Dataset {
  switch (data.kind) {
    case 'episodes': {
      const episodes = data.episodes.map((it) => ({ ...it, data: changed(it.data, change) }))
      return { ...data, episodes: episodes as never }
    }
    case 'retrieval':
      return { ...data, captions: data.captions.map((it) => ({ ...it, text: change(it.text) })) }
    case 'classification':
      return { ...data, classes: data.classes.map((it) => ({ ...it, name: change(it.name) })) }
    case 'multi-label':
      return { ...data, classes: data.classes.map((it) => ({ ...it, name: change(it.name) })) }
    case 'pair': {
      const samples = data.samples.map((it) => {
        const [first, second] = it.captions
        return { ...it, captions: [change(first), change(second)] as const }
      })
      return { ...data, samples }
    }
    case 'foil': {
      const samples = data.samples.map((it) => ({
        ...it,
        right: change(it.right),
        wrong: it.wrong.map(change),
      }))
      return { ...data, samples }
    }
    case 'bitext':
      return { ...data, sentences: data.sentences.map((it) => ({ ...it, text: change(it.text) })) }
    case 'choice':
      return { ...data, questions: data.questions.map((it) => ({ ...it, prompt: change(it.prompt) })) }
    case 'answer':
      return { ...data, questions: data.questions.map((it) => ({ ...it, prompt: change(it.prompt) })) }
    case 'continuation':
      return { ...data, samples: data.samples.map((it) => ({ ...it, context: change(it.context) })) }
    case 'prompts':
      return { ...data, prompts: data.prompts.map((it) => ({ ...it, text: change(it.text) })) }
    case 'probe':
      if (data.of === 'text') {
        const test = data.test.map((it) => ({ ...it, input: change(it.input as string) }))
        return { ...data, test }
      }
      throw nothingToChange(data.kind)
    // A likelihood of other text is another question, and a program with slips is another program.
    case 'likelihood':
    case 'code':
      throw nothingToChange(data.kind)
  }
}

const nothingToChange = (kind: string) =>
  new FlagError('unsupported', `${kind} samples have no texts that could be perturbed`)
