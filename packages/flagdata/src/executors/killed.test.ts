import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MersenneTwister } from '../dedup/mersenneTwister.ts'
import { openRecipe, run } from '../index.ts'
import { bundle } from '../testing/bundle.ts'
import { duplicateCorpus } from '../testing/corpus.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let program: Awaited<ReturnType<typeof bundle>>

beforeAll(async () => {
  work = await temporaryFolder()
  program = await bundle('testing/runRecipe')
})
afterAll(async () => {
  await program?.remove()
  await work?.remove()
})

const recipe = `
read: { pieceBytes: 12000 }
steps:
  - gopher-repetition
  - c4: { requireLineEnd: false, minSentences: 2 }
dedup: [exact, minhash]
write: {}
`

it('goes on to the same bytes after thirty kills at random moments', async () => {
  const input = await writeFiles(join(work.path, 'input'), {
    'a.jsonl': jsonLines(duplicateCorpus().flatMap((piece) => piece.slice(0, 160))),
  })
  const file = join(await writeFiles(work.path, { 'recipe.yaml': recipe }), 'recipe.yaml')
  const whole = join(work.path, 'whole')
  const { pieces, written } = await run(await openRecipe(file, { input, output: whole }))
  expect([pieces > 15, written > 100]).toEqual([true, true])

  const output = join(work.path, 'killed')
  const random = new MersenneTwister(7)
  const killedIn = new Set<string>()
  for (let kill = 0; kill < 30; kill++) {
    const workers = String(1 + (random.next32() % 2))
    const child = spawn(process.execPath, [program.file, file, input, output, workers], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.on('error', () => {})
    const exit = once(child, 'exit')
    // How many items it may complete, and whether it is killed while it waits for this test or while it works.
    const allowed = random.next32() % 5
    const waits = random.next32() % 2 === 0
    const atStart = new Map<string, number>()
    let completed = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [, phase, done, total] = line.match(/^(\S+) (\d+)\/(\d+)$/) as string[]
      if (!atStart.has(phase)) atStart.set(phase, completed - Number(done))
      completed = Number(done) + (atStart.get(phase) as number)
      const kill = completed >= allowed && done !== total
      if (!kill || !waits) child.stdin.write('.')
      if (!kill) continue
      killedIn.add(phase)
      child.kill('SIGKILL')
    }
    await exit
    expect([kill, child.signalCode]).toEqual([kill, 'SIGKILL'])
  }
  expect([...killedIn]).toEqual(expect.arrayContaining(['steps', 'exact.remove', 'minhash.buckets']))
  const { resumed } = await run(await openRecipe(file, { input, output }))
  expect(resumed).toBeGreaterThan(0)
  expect(await outputFiles(output)).toEqual(await outputFiles(whole))
}, 120_000)
