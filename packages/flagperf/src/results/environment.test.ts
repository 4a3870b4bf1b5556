import { setImmediate, setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { noiseSchema, watchNoise } from './environment.ts'

test('the noise record sees a blocked event loop and garbage', async () => {
  const noise = watchNoise()
  // The monitor has to have started its timer before the loop is blocked.
  await setTimeout(30)
  const end = process.hrtime.bigint() + 200_000_000n
  let kept: unknown[] = []
  while (process.hrtime.bigint() < end) kept = Array.from({ length: 10_000 }, (_, i) => ({ i, kept }))
  expect(kept.length).toBe(10_000)
  await setTimeout(30)
  await setImmediate()
  const seen = noiseSchema.parse(noise())
  expect(seen.loopDelayMs?.max).toBeGreaterThan(100)
  expect(seen.garbage?.collections).toBeGreaterThan(0)
  expect(seen.garbage?.milliseconds).toBeGreaterThan(0)
  expect(seen.maxMemoryBytes).toBeGreaterThan(2 ** 20)
})
