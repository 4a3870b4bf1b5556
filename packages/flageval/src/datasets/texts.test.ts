import { describe, expect, it } from 'vitest'
import { allTasks } from '../tasks/task.ts'
import { foreignShare } from './checks.ts'
import type { BitextData, ClassificationData, Episodes } from './dataset.ts'
import { datasets } from './index.ts'

const languages = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it', 'de', 'pt', 'hi']
const samplesOf = (id: string) => allTasks().find((task) => task.id === id)?.samples

describe('texts', () => {
  it('UDHR: 30 articles in every language and script, whose ends are words', () => {
    for (const language of languages) {
      const { texts } = datasets['udhr-texts'].load(language)
      expect(texts.length).toBe(samplesOf('udhr-likelihood'))
      expect(
        foreignShare(
          language,
          texts.map(({ text }) => text),
        ),
      ).toBe(0)
      const { samples } = datasets['udhr-endings'].load(language)
      const bitext: BitextData = datasets.udhr.load(language)
      samples.forEach(({ context, continuation }, i) => {
        expect(continuation.trim()).toMatch(/^[\p{L}\p{M}\p{N}’'-]+$/u)
        expect(context).not.toMatch(/\s$/)
        expect(bitext.sentences[i].text.startsWith(context + continuation)).toBe(true)
      })
    }
  })

  it('languages: the beginnings of all articles, split by article for the probe', () => {
    const { questions } = datasets['udhr-languages'].load('mul', { characters: 15 })
    expect(questions.length).toBe(samplesOf('udhr-language-low'))
    expect(questions[0].choices).toEqual([
      ...['English', 'Chinese', 'Spanish', 'French', 'Russian', 'Arabic'],
      ...['Japanese', 'Korean', 'Italian', 'German', 'Portuguese', 'Hindi'],
    ])
    expect(questions.map(({ gold }) => gold)).toEqual(questions.map((_, i) => Math.floor(i / 30)))
    const { of, train, test } = datasets['udhr-language-probe'].load('mul', { characters: 15, c: 1 })
    expect([of, train.length, test.length]).toEqual(['text', 120, samplesOf('udhr-language-probe-low')])
    const articles = new Set(train.map(({ cluster }) => cluster))
    expect(test.some(({ cluster }) => articles.has(cluster))).toBe(false)
  })

  it('glosses: the same definitions in all tiers, four different words, the harder the nearer', () => {
    const tiers = (['any', 'area', 'block'] as const).map((negatives) =>
      datasets.glosses.load('en', { negatives }),
    )
    for (const { questions } of tiers) {
      expect(questions.map(({ prompt }) => prompt)).toEqual(tiers[0].questions.map(({ prompt }) => prompt))
      expect(new Set(questions.map(({ id }) => id)).size).toBe(samplesOf('glosses-low'))
      for (const { prompt, choices, gold } of questions) {
        expect(new Set(choices).size).toBe(4)
        expect(prompt.toLowerCase()).not.toMatch(new RegExp(`\\b${choices[gold]}\\b`))
      }
      expect(questions.filter(({ gold }) => gold === 2).length).toBe(100)
    }
    const land = tiers[2].questions.find(({ choices, gold }) => choices[gold] === 'landmass')
    expect(land?.choices).toEqual(['mainland', 'plain', 'landmass', 'island'])
  })

  it('capitals: one country a question', () => {
    const { questions } = datasets.capitals.load('en')
    expect(questions.length).toBe(samplesOf('capitals'))
    expect(questions.find(({ id }) => id === 'JP')).toEqual({
      id: 'JP',
      prompt: 'Question: What is the capital of Japan?\nAnswer:',
      references: ['Tokyo'],
    })
  })

  it('numbers: in their own digits; the hardest differ in one', () => {
    const digits = { en: /^[0-9]{4}$/, ar: /^[٠-٩]{4}$/, hi: /^[०-९]{4}$/, zh: /^[零一二三四五六七八九]{4}$/ }
    for (const [language, pattern] of Object.entries(digits)) {
      const { episodes }: Episodes<ClassificationData> = datasets.numbers.load(language, {
        negatives: 'block',
      })
      expect(episodes.flatMap(({ data }) => data.pictures).length).toBe(samplesOf('written-numbers-high'))
      for (const { data } of episodes) {
        const names = data.classes.map(({ name }) => name)
        expect(new Set(names).size).toBe(10)
        for (const name of names) expect(name).toMatch(pattern)
        const places = [0, 1, 2, 3].filter((place) => new Set(names.map((name) => [...name][place])).size > 1)
        expect(places.length).toBe(1)
      }
    }
  })
})
