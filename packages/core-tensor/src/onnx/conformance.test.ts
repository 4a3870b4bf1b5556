import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { casesIn, check, type Outcome } from './testing/conformance.ts'
import exceptions from './testing/exceptions.json' with { type: 'json' }

/** The official ONNX backend tests (Debian package libonnx-testdata 1.12, operator sets up to 17). */
const folder = path.join(process.env.FLAG_ONNX_TESTDATA ?? '/usr/share/libonnx-testdata', 'data')
const there = existsSync(folder)

/** What is expected of tests that are not simply the same before and after. */
const expected = new Map<string, readonly string[]>(
  exceptions.flatMap(({ outcome, also, tests }) =>
    tests.map((name) => [name, [outcome, ...(also ?? [])]] as const),
  ),
)

describe('the ONNX backend tests, read, written, and run', () => {
  const hint = 'apt-get install libonnx-testdata, or name its folder in FLAG_ONNX_TESTDATA'
  const groups = ['node', 'pytorch-converted', 'pytorch-operator', 'simple']
  test.skipIf(!there)(
    there ? 'give the same results and shapes' : `are not installed: ${hint}`,
    async () => {
      const surprises: string[] = []
      const counts: Partial<Record<Outcome['kind'], number>> = {}
      for (const group of groups) {
        for (const each of casesIn(path.join(folder, group))) {
          const name = `${group}/${each.name}`
          const outcome = await check(each)
          counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1
          if (!(expected.get(name) ?? ['same']).includes(outcome.kind))
            surprises.push(`${name}: ${outcome.kind}${'reason' in outcome ? `, ${outcome.reason}` : ''}`)
        }
      }
      expect(surprises).toEqual([])
      expect(counts.same).toBeGreaterThan(900)
    },
    600_000,
  )
})
