import { expect, it } from 'vitest'
import { adaptiveBytes } from './adaptiveBytes.ts'

const printable = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte < 128)

it('gives probabilities that sum to no more than one, and to one over all bytes', async () => {
  for (const context of ['', 'a', 'abababab', 'the cat and the c']) {
    const scores = await adaptiveBytes.scoreContinuations?.(
      printable.map((byte) => ({ context, continuation: String.fromCharCode(byte) })),
    )
    const known = (scores ?? []).reduce((sum, { logLikelihood }) => sum + Math.exp(logLikelihood), 0)
    // The other 128 bytes are no text of their own; each has followed nothing, like the byte 7.
    const unseen = Math.exp(scores?.[7].logLikelihood ?? 0)
    expect(known + 128 * unseen).toBeCloseTo(1, 12)
    expect(scores?.filter(({ greedy }) => greedy).length).toBe(1)
  }
})

it('scores a text as its parts, one after the other', async () => {
  const [whole] = (await adaptiveBytes.scoreTexts?.(['банан и ананас'])) ?? []
  const [first, second] =
    (await adaptiveBytes.scoreContinuations?.([
      { context: '', continuation: 'банан и' },
      { context: 'банан и', continuation: ' ананас' },
    ])) ?? []
  expect(first.logLikelihood + second.logLikelihood).toBeCloseTo(whole, 10)
})

it('goes on with what it has read', async () => {
  const request = {
    prompt: 'one two\none two\none',
    until: ['\n'],
    maxTokens: 8,
    temperature: 0,
    repeat: 0,
    options: {},
  }
  expect(await adaptiveBytes.generate?.([request])).toEqual([' two'])
})
