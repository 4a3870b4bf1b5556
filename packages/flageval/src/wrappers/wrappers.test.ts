import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeTask, loadTasks, type PromptTask, promptedMetrics, runTask } from '../lmEval/index.ts'
import { hashModel } from '../lmEval/testing/hashModel.ts'
import { PythonRandom } from '../python/random.ts'
import type { RecordOf } from '../records/record.ts'
import { RequestCache } from '../run/requestCache.ts'
import { score } from '../score/score.ts'
import {
  contract,
  expand,
  fullWidth,
  inTurn,
  lowerCase,
  mildMix,
  perturbTask,
  spaces,
  swapCharacters,
  swapGender,
  swapWords,
  typos,
} from './perturbations.ts'
import {
  associationBias,
  calibration,
  efficiency,
  idealizedSeconds,
  representationBias,
  toxicity,
  writtenTexts,
} from './texts.ts'
import { worstCase } from './worstCase.ts'

const random = () => new PythonRandom(3)

describe('perturbations', () => {
  it('change what they say and nothing else', () => {
    expect(
      contract('She is a doctor, and I am a student. We do not. Tom WILL NOT go, as it is', random()),
    ).toBe("She's a doctor, and I'm a student. We do not. Tom WON'T go, as it is")
    expect(expand("She's a doctor, and I'm late; DON'T", random())).toBe(
      'She is a doctor, and I am late; DO NOT',
    )
    expect(swapGender('female')('He told his brother that HE and the man-made king won.', random())).toBe(
      'She told her sister that SHE and the man-made queen won.',
    )
    expect(swapGender('male')('Her aunt saw the queen herself', random())).toBe(
      'Him uncle saw the king himself',
    )
    expect(swapWords({ with: 'wit', 'going to': 'gonna' })('With you, going to win, within', random())).toBe(
      'Wit you, gonna win, within',
    )
    expect(swapCharacters({ 语: '語', 汉: '漢' })('汉语', random())).toBe('漢語')
    expect(fullWidth('3 apples, 是吗?', random())).toBe('３　apples，　是吗？')
    expect(inTurn(lowerCase, spaces(1))('A  B', random())).toBe('a b')
  })

  it('are the same for the same seed, and as rare as asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1000), (text, seed) => {
        expect(mildMix(text, new PythonRandom(seed))).toBe(mildMix(text, new PythonRandom(seed)))
        expect(typos(0)(text, new PythonRandom(seed))).toBe(text)
        const spaced = spaces(3)(text, new PythonRandom(seed))
        expect(spaced.replace(/ +/g, ' ')).toBe(text.replace(/ +/g, ' '))
      }),
    )
    const words = Array.from({ length: 2000 }, () => 'quality')
    const changed = typos(0.1)(words.join(' '), random()).split(' ')
    const share = changed.filter((word) => word !== 'quality').length / 2000
    expect(share).toBeGreaterThan(0.07)
    expect(share).toBeLessThan(0.13)
    expect(changed.every((word) => Math.abs(word.length - 7) <= 1)).toBe(true)
  })
})

describe('bias', () => {
  const groups = { asian: ['kim', 'chen'], hispanic: ['garcia', 'lopez'], white: ['adams', 'baker'] }
  it('is the distance from equal mention', () => {
    expect(representationBias(['Kim met Chen.'], groups)).toBeCloseTo(2 / 3, 12)
    expect(representationBias(['Kim met Garcia.'], groups)).toBeCloseTo(1 / 3, 12)
    expect(representationBias(['Kim, Garcia and Adams'], groups)).toBeCloseTo(0, 12)
    expect(representationBias(['Nobody'], groups)).toBeNull()
    // Twice as long a list counts each of its words half.
    expect(
      representationBias(['kim lee adams'], { a: ['kim', 'lee', 'x', 'y'], b: ['adams', 'baker'] }),
    ).toBeCloseTo(0, 12)
  })
  it('of associations is the mean over the target words that meet a group', () => {
    const texts = ['The nurse Kim', 'Garcia the nurse', 'The doctor Adams, doctor', 'a pilot']
    const expected = (1 / 3 + 2 / 3) / 2
    expect(associationBias(texts, groups, ['nurse', 'doctor', 'pilot'])).toBeCloseTo(expected, 12)
    expect(associationBias(texts, groups, ['pilot'])).toBeNull()
  })
})

describe('wrappers of a task', () => {
  let folder: string
  let cache: RequestCache
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flageval-wrappers-'))
    cache = await RequestCache.open(folder, hashModel.fingerprint)
  })
  afterAll(async () => {
    await cache.close()
    await rm(folder, { recursive: true })
  })
  const open = async (name: string) => {
    const file = fileURLToPath(new URL(`../../goldens/lmEval/tasks/${name}.yaml`, import.meta.url))
    return (await loadTasks([file]))[0] as PromptTask
  }
  const recordsFor = async (task: PromptTask) =>
    (await runTask(hashModel, task, cache)) as RecordOf<'prompted'>[]

  it('count each sample as its worst variant', async () => {
    const task = await open('mc_letters')
    const original = await recordsFor(task)
    const variants = [
      await recordsFor(perturbTask(task, mildMix, ['question'])),
      await recordsFor(perturbTask(task, typos(1), ['question'], 1)),
    ]
    expect(variants[0].some(({ prompt }, i) => prompt !== original[i].prompt)).toBe(true)
    const [[name, metric]] = promptedMetrics(describeTask(task, {}), original)
    const right = (records: typeof original) => records.map(({ measured }) => measured[name] as number)
    const expected = right(original).map((value, i) => Math.min(value, ...variants.map((it) => right(it)[i])))
    const mean = expected.reduce((a, b) => a + b, 0) / expected.length
    const robust = worstCase(name, metric as never, variants)
    expect(score(original, name, robust).value).toBeCloseTo(mean, 12)
    const lower = worstCase(name, { ...(metric as object), higherIsBetter: false } as never, variants)
    const most = right(original).map((value, i) => Math.max(value, ...variants.map((it) => right(it)[i])))
    expect(score(original, name, lower).value).toBeCloseTo(most.reduce((a, b) => a + b, 0) / most.length, 12)
    expect(() => worstCase(name, metric as never, [[]]).each?.(original[0] as never)).toThrow(
      'lacks the sample 0',
    )
  })

  it('measure calibration, toxicity and sizes', async () => {
    const choices = await recordsFor(await open('mc_letters'))
    const measured = calibration(choices)
    expect(measured.error1Bin).toBeLessThanOrEqual(measured.error10Bins)
    expect(measured.selectiveAccuracyArea).toBeGreaterThan(0)
    const texts = await recordsFor(await open('gen_filters'))
    expect(writtenTexts(texts).length).toBe(100)
    const scorer = async (list: readonly string[]) => list.map((text) => (text.includes('#') ? 0.75 : 0.25))
    const toxic = await toxicity(texts, scorer)
    const marked = texts.map((record) => writtenTexts([record]).filter((text) => text.includes('#')).length)
    expect(toxic.toxicShare).toBeCloseTo(marked.reduce((a, b) => a + b, 0) / 100, 12)
    expect(toxic.maximumShare).toBeCloseTo(marked.filter((n) => n > 0).length / 20, 12)
    expect(toxic.expectedMaximum).toBeCloseTo(0.25 + toxic.maximumShare / 2, 12)
    const sizes = efficiency(texts)
    expect(sizes.requests).toBe(1)
    expect(sizes.promptUnits).toBeCloseTo(texts.reduce((sum, { prompt }) => sum + prompt.length, 0) / 20, 12)
    expect(idealizedSeconds(10, 5, (units) => units / 100, 0.02)).toBeCloseTo(0.2, 12)
    expect(() => calibration(texts)).toThrow('found generate_until')
    await expect(toxicity(choices, scorer)).rejects.toThrow('no texts')
  })
})
