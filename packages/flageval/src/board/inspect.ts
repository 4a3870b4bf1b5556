import type { Fact, Sample, Tone } from '@flag/report'
import type { Dataset } from '../datasets/dataset.ts'
import { clipScoreOf, preferredChoice, winoground } from '../metrics/index.ts'
import type { RecordOf, SampleRecord } from '../records/record.ts'
import { isRight } from '../records/right.ts'

/** What there is to see of a sample. */
export interface Shown {
  readonly title: string
  /** Null where nothing is right or wrong. */
  readonly right: boolean | null
  readonly problem?: string
  readonly pictures: NonNullable<Sample['pictures']>
  readonly texts: { readonly label: string; readonly text: string; readonly tone?: Tone }[]
  readonly candidates: NonNullable<Sample['scores']>
  readonly facts: Fact[]
}

/** A sample with what its data set knows of it: names, texts, pictures. */
export function show(record: SampleRecord, data: Dataset | undefined): Shown {
  if (data?.kind === 'episodes') {
    const [name] = record.sample.split('/', 1)
    const episode = data.episodes.find(({ id }) => id === name)
    const own = { ...record, sample: record.sample.slice(name.length + 1) }
    return show(episode ? own : record, episode?.data)
  }
  const right = isRight(record)
  const base = { title: record.sample, right, pictures: [], texts: [], candidates: [], facts: [] }
  switch (record.kind) {
    case 'retrieval':
      return { ...base, ...showRetrieval(record, data) }
    case 'classification':
      return { ...base, ...showClassification(record, data) }
    case 'bitext':
      return { ...base, ...showBitext(record, data) }
    case 'pair':
      return { ...base, ...showPair(record, data) }
    case 'foil':
      return { ...base, ...showFoil(record, data) }
    case 'choice':
      return { ...base, ...showChoice(record, data) }
    case 'clip-score':
      return { ...base, ...showClipScore(record, data) }
    case 'continuation':
      return { ...base, ...showContinuation(record, data) }
    case 'feature':
      return { ...base, facts: [{ label: 'set', value: record.set }] }
    case 'answer':
      return {
        ...base,
        title: record.answer.slice(0, 80) || record.sample,
        texts: [
          ...promptOf(data?.kind === 'answer' ? data.questions : [], record.sample),
          { label: 'answer', text: record.answer, tone: right ? 'good' : 'bad' },
          ...record.references.map((text) => ({ label: 'reference', text })),
        ],
      }
    case 'likelihood':
      return {
        ...base,
        texts:
          data?.kind === 'likelihood'
            ? data.texts.flatMap(({ id, text }) => (id === record.sample ? [{ label: 'text', text }] : []))
            : [],
        facts: [
          { label: 'log-likelihood', value: record.logLikelihood },
          { label: 'bits per byte', value: -record.logLikelihood / Math.LN2 / record.bytes },
          { label: 'bytes', value: record.bytes },
        ],
      }
    case 'code':
      return {
        ...base,
        texts: promptOf(data?.kind === 'code' ? data.problems : [], record.sample),
        facts: [{ label: 'correct', value: `${record.correct} of ${record.samples}` }],
      }
    default:
      return { ...base, texts: [{ label: 'record', text: JSON.stringify(record, null, 1) }] }
  }
}

/** Best candidates first; what is right is marked, and what is wrong but before it. */
function candidatesOf(
  {
    top,
    gold,
    better,
    equal,
    candidates,
  }: Pick<RecordOf<'classification'>, 'top' | 'gold' | 'better' | 'equal' | 'candidates'>,
  nameOf: (id: string) => string,
  pictureOf: (id: string) => string | undefined,
) {
  return {
    candidates: top.map(([id, value], i) => {
      const picture = pictureOf(id)
      const tone: Tone = gold.includes(id) ? 'good' : i < better + equal ? 'bad' : 'neutral'
      return { label: nameOf(id), value, tone, ...(picture !== undefined && { picture }) }
    }),
    facts: [
      { label: 'rank of the right one', value: `${better + equal + 1} of ${candidates}` },
      ...(equal > 0 ? [{ label: 'ties with the right one', value: equal }] : []),
    ],
    ...(better + equal > 0 && {
      problem: `Took ${JSON.stringify(nameOf(top[0][0]))}; right is ${JSON.stringify(nameOf(gold[0]))}.`,
    }),
  }
}

function showRetrieval(record: RecordOf<'retrieval'>, data: Dataset | undefined): Partial<Shown> {
  const captions = data?.kind === 'retrieval' ? data.captions : []
  const pictures = data?.kind === 'retrieval' ? data.pictures : []
  const shared = data?.kind === 'retrieval' ? data.captionOf : undefined
  const captionOf = (picture: string) => {
    const place = pictures.findIndex(({ id }) => id === picture)
    const caption = shared ? captions[shared[place]] : captions.find((it) => it.picture === place)
    return caption?.text ?? picture
  }
  if (record.direction === 'text-to-image') {
    const asked = captions.find(({ id }) => record.sample === `text ${id}`)?.text
    return {
      title: asked ?? record.sample,
      texts: asked === undefined ? [] : [{ label: 'asked for', text: asked }],
      pictures: record.gold.map((picture) => ({ picture, caption: 'the right picture' })),
      ...candidatesOf(record, captionOf, (id) => id),
    }
  }
  const picture = record.sample.replace(/^picture /, '')
  return {
    title: `▣ ${record.gold[0]}`,
    pictures: [{ picture, caption: 'shown' }],
    texts: record.gold.map((text) => ({ label: 'right text', text })),
    ...candidatesOf(
      record,
      (text) => text,
      () => undefined,
    ),
  }
}

function showBitext(record: RecordOf<'bitext'>, data: Dataset | undefined): Partial<Shown> {
  const id = record.sample.replace(/^(to|from) /, '')
  const found = data?.kind === 'bitext' ? data.sentences.find((it) => it.id === id) : undefined
  const asked = record.direction === 'to-translation' ? found?.text : found?.translation
  return {
    title: asked ?? record.sample,
    texts: [
      ...(asked === undefined ? [] : [{ label: 'asked for', text: asked }]),
      ...record.gold.map((text) => ({ label: 'right translation', text })),
    ],
    ...candidatesOf(
      record,
      (text) => text,
      () => undefined,
    ),
  }
}

function showClassification(record: RecordOf<'classification'>, data: Dataset | undefined): Partial<Shown> {
  const classes = data?.kind === 'classification' ? data.classes : []
  const nameOf = (id: string) => classes.find((it) => it.id === id)?.name ?? id
  return {
    title: nameOf(record.gold[0]),
    pictures: [{ picture: record.sample, caption: 'shown' }],
    texts: record.gold.map((id) => ({ label: 'right class', text: nameOf(id) })),
    ...candidatesOf(record, nameOf, () => undefined),
  }
}

function showPair(record: RecordOf<'pair'>, data: Dataset | undefined): Partial<Shown> {
  const sample = data?.kind === 'pair' ? data.samples.find(({ id }) => id === record.sample) : undefined
  const { text, image, group } = winoground(record.scores)
  const captions = sample?.captions ?? ['caption 1', 'caption 2']
  const missed = [
    ...(text ? [] : ['the caption of a picture']),
    ...(image ? [] : ['the picture of a caption']),
  ]
  return {
    pictures: (sample?.pictures ?? []).map(({ id }, i) => ({ picture: id, caption: captions[i] })),
    texts: captions.map((caption, i) => ({ label: `caption ${i + 1}`, text: caption })),
    candidates: record.scores.map((value, i) => ({
      // In the order of `PairScores`: both captions with the first picture, then both with the second.
      label: `${captions[i % 2]} ↔ picture ${Math.floor(i / 2) + 1}`,
      value,
      tone: i === 0 || i === 3 ? ('good' as const) : ('neutral' as const),
    })),
    ...(!group && { problem: `Missed ${missed.join(' and ')}.` }),
    facts: [
      { label: 'text score', value: Number(text) },
      { label: 'image score', value: Number(image) },
      { label: 'group score', value: Number(group) },
    ],
  }
}

function showFoil(record: RecordOf<'foil'>, data: Dataset | undefined): Partial<Shown> {
  const sample = data?.kind === 'foil' ? data.samples.find(({ id }) => id === record.sample) : undefined
  const isWrong = record.wrong.some((value) => value >= record.right)
  const wrong = (i: number) => sample?.wrong[i] ?? `wrong caption ${i + 1}`
  return {
    ...(sample && { title: sample.right, pictures: [{ picture: sample.picture.id, caption: sample.right }] }),
    candidates: [
      { label: sample?.right ?? 'right caption', value: record.right, tone: 'good' as const },
      ...record.wrong.map((value, i) => ({
        label: wrong(i),
        value,
        tone: value >= record.right ? ('bad' as const) : ('neutral' as const),
      })),
    ].sort((a, b) => b.value - a.value),
    ...(isWrong && {
      problem: `Preferred ${JSON.stringify(wrong(record.wrong.indexOf(Math.max(...record.wrong))))}.`,
    }),
    facts: [{ label: 'category', value: record.category }],
  }
}

const promptOf = (asked: readonly { id: string; prompt: string }[], sample: string) =>
  asked.flatMap(({ id, prompt }) => (id === sample ? [{ label: 'prompt', text: prompt }] : []))

function showClipScore(record: RecordOf<'clip-score'>, data: Dataset | undefined): Partial<Shown> {
  const captions = data?.kind === 'retrieval' ? data.captions : data?.kind === 'prompts' ? data.prompts : []
  const asked = captions.find(({ id }) => id === record.sample)?.text
  return {
    title: record.caption ?? asked ?? record.sample,
    texts: [
      ...(record.caption === undefined ? [] : [{ label: 'the model wrote', text: record.caption }]),
      ...(asked === undefined ? [] : [{ label: 'of the data set', text: asked }]),
    ],
    // Of a picture that a model drew there is no copy here; of one that it described there is.
    pictures: record.caption === undefined ? [] : [{ picture: record.sample, caption: 'shown' }],
    facts: [
      { label: 'CLIPScore', value: clipScoreOf(record.cosine) },
      { label: 'with the next caption', value: clipScoreOf(record.other) },
      { label: 'vectors of', value: record.encoder },
    ],
  }
}

function showContinuation(record: RecordOf<'continuation'>, data: Dataset | undefined): Partial<Shown> {
  const found =
    data?.kind === 'continuation' ? data.samples.find(({ id }) => id === record.sample) : undefined
  return {
    ...(found && {
      title: found.continuation,
      texts: [
        { label: 'text', text: found.context },
        { label: 'its end', text: found.continuation },
      ],
    }),
    facts: [{ label: 'log-likelihood of the end', value: record.logLikelihood }],
  }
}

function showChoice(record: RecordOf<'choice'>, data: Dataset | undefined): Partial<Shown> {
  const taken = preferredChoice(record, 'acc')
  return {
    title: record.choices[record.gold],
    texts: promptOf(data?.kind === 'choice' ? data.questions : [], record.sample),
    candidates: record.choices.map((label, i) => ({
      label,
      value: record.logLikelihoods[i],
      tone: i === record.gold ? ('good' as const) : i === taken ? ('bad' as const) : ('neutral' as const),
    })),
    ...(taken !== record.gold && {
      problem: `Took ${JSON.stringify(record.choices[taken])}; right is ${JSON.stringify(record.choices[record.gold])}.`,
    }),
  }
}
