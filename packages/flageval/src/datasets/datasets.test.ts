import { describe, expect, it } from 'vitest'
import { pixelVectors } from '../models/pixels.ts'
import { evaluate, withReferences } from '../run/evaluate.ts'
import { score } from '../score/score.ts'
import { allTasks } from '../tasks/task.ts'
import { foreignShare } from './checks.ts'
import type { Picture } from './dataset.ts'
import { datasets } from './index.ts'

const languages = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it', 'de', 'pt', 'hi']

/** Scripts that a language's texts must have letters of. */
const scripts: Record<string, RegExp> = {
  zh: /\p{sc=Han}/u,
  ja: /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u,
  ko: /\p{sc=Hang}/u,
  ru: /\p{sc=Cyrl}/u,
  ar: /\p{sc=Arab}/u,
  hi: /\p{sc=Deva}/u,
}

const idsOf = (pictures: readonly Picture[]) => pictures.map(({ id }) => id)

/** Texts in another script than their language's, as a share. */
function foreign(language: string, texts: readonly string[]): number {
  const script = scripts[language] ?? /\p{sc=Latn}/u
  return texts.filter((text) => !script.test(text)).length / texts.length
}

describe('data sets', () => {
  it('tasks ask for twelve languages each, but those that ask for more', () => {
    // Those that read no text, are in English, ask all languages at once, or ask one for each script.
    const others =
      /^(emoji-(probe|drawings|captions|distance)|glosses|capitals|small-programs|udhr-language|written)/
    for (const task of allTasks()) {
      if (others.test(task.id)) continue
      const own = task.kind === 'bitext' ? languages.slice(1) : languages
      expect(task.languages.slice(0, 12), task.id).toEqual(own)
    }
  })

  it('emoji: the same pictures and distinct names in every language', () => {
    const english = datasets.emoji.load('en')
    for (const language of languages) {
      const { pictures, captions, references } = datasets.emoji.load(language)
      expect(idsOf(pictures)).toEqual(idsOf(english.pictures))
      expect(references?.size).toBe(pictures.length)
      expect(new Set(captions.map(({ text }) => text)).size).toBe(pictures.length)
      expect(
        foreign(
          language,
          captions.map(({ text }) => text),
        ),
        language,
      ).toBeLessThan(0.06)
    }
    expect(2 * english.pictures.length).toBe(allTasks().find(({ id }) => id === 'emoji-retrieval')?.samples)
  })

  it('flags: every country named, with a slot in every template', async () => {
    for (const language of ['en', 'ar', 'ja']) {
      const { pictures, classes, templates, references } = await datasets.flags.load(language)
      expect(pictures.length).toBe(allTasks().find(({ id }) => id === 'flag-countries')?.samples)
      expect(references?.size).toBe(classes.length)
      expect(new Set(classes.map(({ name }) => name)).size).toBe(classes.length)
      for (const template of templates) expect(template).toContain('{c}')
      expect(new Set(templates).size).toBe(templates.length)
      expect(
        foreign(
          language,
          classes.map(({ name }) => name),
        ),
        language,
      ).toBe(0)
    }
  })

  it('emoji and flags: raw pixels find what guessing does not', async () => {
    const all = await datasets.flags.load('en')
    const flags = {
      ...all,
      pictures: all.pictures.slice(0, 40),
      gold: all.gold.slice(0, 40),
      classes: all.classes.slice(0, 40),
    }
    // Not the first ones, which are all yellow faces.
    const { pictures, captions, references } = datasets.emoji.load('en')
    const spread = (_: unknown, i: number) => i % 34 === 0
    const emoji = {
      kind: 'retrieval' as const,
      pictures: pictures.filter(spread),
      captions: captions.filter(spread).map((caption, picture) => ({ ...caption, picture })),
      ...(references && { references }),
    }
    for (const [data, metric] of [
      [flags, 'acc1'],
      [emoji, 'IR@1'],
    ] as const) {
      const { data: pictured, texts } = withReferences(data)
      const records = await evaluate(pictured, async (what, inputs) => {
        const chosen = what === 'image' ? inputs : inputs.map((text) => texts.get(text as string) ?? 'none')
        return { vectors: await pixelVectors(chosen), keys: inputs.map((_, i) => `${what} ${i}`) }
      })
      const { low, chance } = score(records, metric)
      expect(low, metric).toBeGreaterThan(2 * (chance as number))
    }
  })

  it('shapes: two captions of the same words, two pictures of the same parts', () => {
    for (const language of languages) {
      const { samples } = datasets['shape-pairs'].load(language)
      expect(samples.length).toBe(126)
      expect(new Set(samples.map(({ cluster }) => cluster)).size).toBe(63)
      for (const { captions, pictures } of samples) {
        expect(captions[0]).not.toBe(captions[1])
        expect(pictures[0].id).not.toBe(pictures[1].id)
      }
      expect(
        foreign(
          language,
          samples.flatMap(({ captions }) => captions),
        ),
        language,
      ).toBe(0)
    }
    const [first] = datasets['shape-pairs'].load('en').samples
    expect(first.captions).toEqual(['red circle and orange square', 'orange circle and red square'])
  })

  it('emoji in 102 locales: all named, in the least alike too', () => {
    const task = allTasks().find(({ id }) => id === 'emoji-retrieval-all')
    expect(task?.languages.length).toBe(102)
    for (const language of ['en', 'am', 'chr', 'yue-Hans']) {
      const { captions } = datasets.emoji.load(language, { unicode: 10 })
      expect(2 * captions.length).toBe(task?.samples)
    }
  })

  it('words: drawn in eight scripts, another picture for each', () => {
    for (const language of ['en', 'ru', 'el', 'ar', 'hi', 'zh', 'ja', 'ko']) {
      const { episodes } = datasets.words.load(language, { negatives: 'block' })
      const pictures = episodes.flatMap(({ data }) => data.pictures.map(({ input }) => String(input)))
      expect([episodes.length, new Set(pictures).size]).toEqual([6, 60])
      const names = episodes.flatMap(({ data }) => data.classes.map(({ name }) => name))
      expect(foreignShare(language, names), language).toBe(0)
    }
    expect(() => datasets.words.load('no-such', { negatives: 'any' })).toThrow('no-such')
  })

  it('episodes: the same samples in every tier, wrong names nearer from tier to tier', () => {
    const [any, area, block] = (['any', 'area', 'block'] as const).map((negatives) =>
      datasets['emoji-classes'].load('en', { negatives }),
    )
    const ids = (it: typeof any) => it.episodes.flatMap(({ data }) => idsOf(data.pictures)).sort()
    expect(ids(area)).toEqual(ids(any))
    expect(ids(block)).toEqual(ids(any))
    expect(new Set(ids(any)).size).toBe(280)
    expect(block.episodes[3].data.classes.map(({ name }) => name).slice(0, 3)).toEqual([
      'waving hand',
      'raised back of hand',
      'hand with fingers splayed',
    ])
  })

  it('motion: opposite directions have the same frames, in opposite order', () => {
    const { pictures, gold, classes } = datasets.motion.load('en', { ask: 'direction' })
    const framesOf = (i: number) => (pictures[i].input as Uint8Array[]).map(String)
    expect([pictures.length, classes[gold[0]].name, classes[gold[4]].name]).toEqual([
      168,
      'right arrow',
      'left arrow',
    ])
    expect(framesOf(4)).toEqual(framesOf(0).reverse())
    expect(datasets.motion.load('en', { ask: 'axis' }).pictures.length).toBe(84)
  })

  it('declarations: thirty articles in twelve languages', () => {
    for (const language of languages) {
      const { sentences } = datasets.udhr.load(language)
      expect(sentences.length).toBe(30)
      for (const { text } of sentences) expect(text).not.toMatch(/[<>]|&\w+;/)
      expect(
        foreignShare(
          language,
          sentences.map(({ text }) => text),
        ),
        language,
      ).toBe(0)
    }
    expect(datasets.udhr.load('fr').sentences[3].translation).toMatch(/^No one shall be held in slavery/)
  })

  it('labels: two things a picture', () => {
    const { gold, classes } = datasets['shape-labels'].load('ja')
    expect([gold.length, classes.length]).toEqual([252, 21])
    for (const row of gold) expect(row.filter(Boolean).length).toBe(2)
  })

  it('foils: wrong in what their category says', () => {
    const { samples } = datasets['shape-foils'].load('en')
    expect(samples.slice(0, 6).map(({ category, right, wrong }) => [category, right, ...wrong])).toEqual([
      ['replace_att', 'red circle and orange square', 'yellow circle and orange square'],
      ['replace_obj', 'red circle and orange square', 'red heart and orange square'],
      ['swap_att', 'red circle and orange square', 'orange circle and red square'],
      ['replace_att', 'red circle and orange square', 'yellow circle and orange square'],
      ['replace_obj', 'red circle and orange square', 'red heart and orange square'],
      ['swap_att', 'red circle and orange square', 'orange circle and red square'],
    ])
  })
})
