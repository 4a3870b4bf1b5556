import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { ClassificationData, Dataset, RetrievalData } from '../datasets/dataset.ts'
import type { SampleRecord } from '../records/record.ts'
import { isRight } from '../records/right.ts'
import { show } from './inspect.ts'
import { picturesOf, thumbnail } from './pictures.ts'

const picture = (id: string) => ({ id, input: `${id}.svg` })
const retrieval: RetrievalData = {
  kind: 'retrieval',
  pictures: [picture('CAT'), picture('DOG')],
  captions: [
    { id: 'CAT', text: 'chat', picture: 0 },
    { id: 'DOG', text: 'chien', picture: 1 },
  ],
}
const classes: ClassificationData = {
  kind: 'classification',
  pictures: [picture('p')],
  gold: [0],
  classes: [
    { id: 'fr', name: 'la France' },
    { id: 'nl', name: 'les Pays-Bas' },
  ],
  templates: ['{c}'],
}
const head = { sample: 'x', document: 'd', request: 'r' }
const rank = { candidates: 2, right: 1, better: 1, equal: 0 }

describe('a sample', () => {
  it('of a text that found the wrong picture', () => {
    const record: SampleRecord = {
      ...head,
      ...rank,
      kind: 'retrieval',
      direction: 'text-to-image',
      sample: 'text CAT',
      gold: ['CAT'],
      top: [
        ['DOG', 0.5],
        ['CAT', 0.4],
      ],
    }
    expect(show(record, retrieval)).toMatchObject({
      title: 'chat',
      right: false,
      problem: 'Took "chien"; right is "chat".',
      pictures: [{ picture: 'CAT' }],
      texts: [{ label: 'asked for', text: 'chat' }],
      candidates: [
        { label: 'chien', value: 0.5, tone: 'bad', picture: 'DOG' },
        { label: 'chat', value: 0.4, tone: 'good', picture: 'CAT' },
      ],
      facts: [{ value: '2 of 2' }],
    })
    // Without the data, the names in the record have to do.
    expect(show(record, undefined)).toMatchObject({
      title: 'text CAT',
      problem: 'Took "DOG"; right is "CAT".',
    })
  })

  it('of a picture that found its text, and one that ties', () => {
    const record: SampleRecord = {
      ...head,
      ...rank,
      better: 0,
      kind: 'retrieval',
      direction: 'image-to-text',
      sample: 'picture DOG',
      gold: ['chien'],
      top: [['chien', 0.5]],
    }
    expect(show(record, retrieval)).toMatchObject({
      right: true,
      pictures: [{ picture: 'DOG' }],
      candidates: [{ tone: 'good' }],
    })
    expect(show(record, retrieval)).not.toHaveProperty('problem')
    expect(isRight({ ...record, equal: 1 })).toBe(false)
  })

  it('of a class', () => {
    const record: SampleRecord = {
      ...head,
      ...rank,
      kind: 'classification',
      sample: 'p',
      gold: ['fr'],
      top: [
        ['nl', 0.5],
        ['fr', 0.4],
      ],
    }
    expect(show(record, classes)).toMatchObject({
      title: 'la France',
      problem: 'Took "les Pays-Bas"; right is "la France".',
      pictures: [{ picture: 'p' }],
    })
  })

  it('of an episode, and of a sentence among translations', () => {
    const record: SampleRecord = {
      ...head,
      ...rank,
      kind: 'classification',
      sample: '7/p',
      gold: ['fr'],
      top: [['nl', 0.5]],
    }
    const episodes: Dataset = { kind: 'episodes', episodes: [{ id: '7', data: classes }] }
    expect(show(record, episodes)).toMatchObject({ title: 'la France', pictures: [{ picture: 'p' }] })
    expect([...picturesOf(episodes).keys()]).toEqual(['p'])
    const sentences = [{ id: '1', text: 'Guten Tag', translation: 'Good day' }]
    const translated: SampleRecord = {
      ...head,
      ...rank,
      kind: 'bitext',
      direction: 'to-translation',
      sample: 'to 1',
      gold: ['Good day'],
      top: [['Bread', 0.5]],
    }
    expect(show(translated, { kind: 'bitext', sentences })).toMatchObject({
      title: 'Guten Tag',
      right: false,
      problem: 'Took "Bread"; right is "Good day".',
    })
  })

  it('shows the frames of a video beside each other', async () => {
    const frame = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')
    const uri = await thumbnail({ id: 'v', input: [frame, frame, frame] })
    const { width, height } = await sharp(Buffer.from(uri.split(',')[1], 'base64')).metadata()
    expect(width).toBe(3 * height)
  })

  it('of texts', () => {
    const choice: SampleRecord = {
      ...head,
      kind: 'choice',
      choices: ['yes', 'no'],
      logLikelihoods: [-3, -1],
      gold: 0,
    }
    expect(show(choice, undefined)).toMatchObject({ right: false, problem: 'Took "no"; right is "yes".' })
    const answer: SampleRecord = { ...head, kind: 'answer', answer: 'four', references: ['4', 'four'] }
    expect(show(answer, undefined)).toMatchObject({ right: true, texts: [{ tone: 'good' }, {}, {}] })
    const likelihood: SampleRecord = {
      ...head,
      kind: 'likelihood',
      logLikelihood: -8 * Math.LN2,
      bytes: 4,
      words: 1,
    }
    expect(show(likelihood, undefined)).toMatchObject({ right: null, facts: [{}, { value: 2 }, {}] })
    const code: SampleRecord = { ...head, kind: 'code', samples: 10, correct: 0 }
    expect(show(code, undefined)).toMatchObject({ right: false })
  })
})
