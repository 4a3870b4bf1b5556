import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { ProgressLine } from './progress.ts'
import { flagdata } from './testing/flagdata.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
const prose = 'The cat sat on the mat and looked at the dog. It was a fine day to be out with friends.'

beforeAll(async () => {
  work = await temporaryFolder()
  const documents = Array.from({ length: 6 }, (_, i) => ({
    id: `d${i}`,
    text:
      i % 2
        ? 'short\u001b[2J'
        : `${prose}\n${'Number '.repeat(1)}${i} is here, and that is all of it to say.`.repeat(4),
  }))
  input = await writeFiles(join(work.path, 'in'), { 'a.jsonl': `${jsonLines(documents)}{broken\n` })
})
afterAll(() => work.remove())

describe('flagdata', () => {
  it('runs, tells how it went, and shows what was removed', async () => {
    const output = join(work.path, 'out')
    const paths = ['--input', input, '--output', output]
    const plan = await flagdata('plan', 'c4', ...paths)
    expect([plan.code, plan.out]).toEqual([
      0,
      expect.stringMatching(/^1 pieces, 0\.0 MB from .*\n {2}c4 {2}\{/),
    ])

    const first = await flagdata('run', 'c4', ...paths, '--workers', '1')
    expect(first.code).toBe(0)
    expect(first.out).toMatch(/too_few_sentences +3 +50\.0 %\n/)
    expect(first.out).toMatch(/\n3 of 6 documents \(.* MB of .* MB\) in /)
    expect(first.err).toMatch(/^broken-json: 1\n {2}a\.jsonl, byte \d+: /)

    const again = await flagdata('run', 'c4', ...paths, '--json')
    expect(JSON.parse(again.out)).toMatchObject({ resumed: 1, written: 3 })
    const status = await flagdata('status', output, '--json')
    expect(JSON.parse(status.out)).toMatchObject({
      complete: true,
      phases: [
        { name: 'steps', done: 1, total: 1 },
        { name: 'summary', done: 1 },
      ],
    })
    expect((await flagdata('status', output)).out).toMatch(/^complete\nstep/)

    const inspected = await flagdata('inspect', output, '--reason', 'too_few_sentences', '--count', '2')
    expect(
      inspected.out.match(/^── d\d · c4: too_few_sentences \(0, limit 5\)\nshort\ufffd\[2J\n/gm)?.length,
    ).toBe(2)
    const json = JSON.parse((await flagdata('inspect', output, '--json', '--seed', '1')).out)
    expect(json.length).toBe(3)
    expect((await flagdata('inspect', output, '--step', 'pii')).err).toBe('no removed document fits\n')
  })

  it('lists and prints recipes', async () => {
    expect((await flagdata('recipes')).out).toMatch(/^recipes: .*fineweb.*\nsteps: .*gopher-repetition/)
    const text = await readFile(new URL('../../recipes/fineweb.yaml', import.meta.url), 'utf8')
    expect((await flagdata('recipes', 'fineweb')).out).toBe(text)
    expect((await flagdata('recipes', 'none')).code).toBe(1)
  })

  it('lists steps and tells about one', async () => {
    expect((await flagdata('steps')).out).toMatch(/^c4 +Takes out lines .*\n(.*\n)*url +Removes /m)
    const { code, out } = await flagdata('steps', 'gopherQuality')
    expect(code).toBe(0)
    expect(out).toMatch(/^gopher-quality\n.*\noptions:\n {2}minWords: whole number from 0 \| null = 50\n/)
    expect(out).toMatch(/\nreasons: gopher_short_doc, .*\ndiffers: .*\nsource: Rae et al\./)
    const json = JSON.parse((await flagdata('steps', 'gopher-quality', '--json')).out)
    expect(json.options[0]).toEqual({
      name: 'minWords',
      type: 'whole number from 0 | null',
      default: 50,
      required: false,
      description: 'fewest words',
    })
    expect((await flagdata('steps', 'none')).err).toMatch(/^flagdata: no step "none" \(known: .*, c4, /)
  })

  it.each([[], ['run'], ['plan'], ['status'], ['inspect'], ['recipes'], ['steps'], ['extract']])(
    '%s --help has examples',
    async (...args) => {
      const { code, out } = await flagdata(...args, '--help')
      expect(code).toBe(0)
      expect(out).toMatch(/Examples?:\n {2}flagdata /)
    },
  )

  it('fails in one line, and exits with 2 on wrong usage', async () => {
    const missing = await flagdata(
      'run',
      'c4',
      '--input',
      join(work.path, 'none'),
      '--output',
      join(work.path, 'x'),
    )
    expect([missing.code, missing.err]).toEqual([
      1,
      `flagdata: ${join(work.path, 'none')}: no such file or folder\n`,
    ])
    expect((await flagdata('status', work.path)).err).toMatch(/no run of flagdata wrote here\n$/)
    expect((await flagdata('inspect', work.path)).err).toMatch(/no removed documents \(a run writes them/)
    expect((await flagdata('run', 'c4', '--output', 'x')).err).toMatch(
      /^flagdata: c4:1:1: read: no path|^flagdata: c4:2:1: read: no path/,
    )
    for (const args of [['rum'], ['run'], ['run', 'c4', '--workers', '0']])
      expect((await flagdata(...args)).code).toBe(2)
    expect((await flagdata('run', 'none', '--debug')).err).toMatch(/DataError: none: no such recipe\n\s+at /)
  })

  it('draws progress only for people, and only after a second', () => {
    let [drawn, now] = ['', 0n]
    const terminal = (isInteractive: boolean) => ({
      out() {},
      err(text: string) {
        drawn += text
      },
      isInteractive,
    })
    const removed = { b: 1, a: 4, c: 2, d: 1, e: 1 }
    const progress = { phase: 'steps', done: 1, total: 4, documents: 100, bytes: 2e6, removed }
    const line = new ProgressLine(terminal(true), () => now)
    line.update(progress)
    expect(drawn).toBe('')
    now = 2_000_000_000n
    line.update(progress)
    const drops = 'removed: a 8, c 4, b 2, others 4'
    expect(drawn).toBe(`\r\x1b[2Ksteps 1/4 · 200 documents · 100 docs/s · 2.0 MB/s · ${drops}`)
    // One item took 200 seconds, and two are left.
    now = 202_000_000_000n
    drawn = ''
    line.update({ ...progress, done: 2, documents: 0, bytes: 0, removed: {} })
    expect(drawn).toBe(`\r\x1b[2Ksteps 2/4 · 7 min left · 200 documents · 1 docs/s · 0.0 MB/s · ${drops}`)
    line.end()
    drawn = ''
    new ProgressLine(terminal(false), () => now).update(progress)
    expect(drawn).toBe('')
  })
})
