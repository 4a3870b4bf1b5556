import { execFileSync } from 'node:child_process'
import { open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ranges, readArrays, slurmTasks, waitForSlurm } from '../executors/slurm.ts'
import { openRecipe, run } from '../index.ts'
import { bundle } from '../testing/bundle.ts'
import { duplicateCorpus } from '../testing/corpus.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { hasSlurm, startSlurm } from '../testing/slurm.ts'
import { readStatus } from './status.ts'
import { flagdata } from './testing/flagdata.ts'

it('writes numbers as Slurm does', () => {
  expect(ranges([0, 3, 5, 6, 7])).toBe('0,3,5-7')
  expect(ranges([])).toBe('')
})

describe.runIf(hasSlurm)('Slurm', () => {
  let work: Awaited<ReturnType<typeof temporaryFolder>>
  let slurm: Awaited<ReturnType<typeof startSlurm>>
  let program: Awaited<ReturnType<typeof bundle>>
  const recipe = fileURLToPath(new URL('../testing/recipe.yaml', import.meta.url))

  beforeAll(async () => {
    work = await temporaryFolder()
    program = await bundle('cli/testing/slurmTask')
    // Arrays of at most six tasks: eight need two.
    slurm = await startSlurm(6)
    for (const name of ['PATH', 'SLURM_CONF'] as const) vi.stubEnv(name, slurm.environment[name])
  }, 60_000)
  afterAll(async () => {
    vi.unstubAllEnvs()
    await slurm?.stop()
    await program?.remove()
    await work?.remove()
  })

  it('runs eight tasks of which one fails and one is put back, then what is left, to the bytes of a local run', async () => {
    const documents = duplicateCorpus().flatMap((piece) => piece.slice(0, 240))
    const names = Array.from({ length: 24 }, (_, i) => `${String(i).padStart(2, '0')}.jsonl`)
    const input = await writeFiles(
      join(work.path, 'input'),
      Object.fromEntries(names.map((name, i) => [name, jsonLines(documents.slice(20 * i, 20 * i + 20))])),
    )
    const local = join(work.path, 'local')
    await run(await openRecipe(recipe, { input, output: local }))

    const output = join(work.path, 'slurm')
    const gate = join(work.path, 'gate')
    execFileSync('mkfifo', [gate])
    vi.stubEnv('FLAG_TEST_GATE', gate)
    const executor = [
      '--executor',
      'slurm',
      '--tasks',
      '8',
      '--program',
      `${process.execPath} ${program.file}`,
    ]
    const paths = ['--input', input, '--output', output]
    const submitted = await flagdata('run', recipe, ...paths, ...executor, '--sbatch=--hold')
    expect(submitted).toMatchObject({ code: 0, err: '' })
    expect(submitted.out).toMatch(/^steps: job \d+, 6 tasks\nsteps: job \d+, 2 tasks\nminhash\.buckets: job/)
    const arrays = await readArrays(output)
    const jobsOf = (phase: string) =>
      arrays.filter((array) => array.phase === phase).map(({ job }) => String(job))
    expect((await slurmTasks(arrays)).filter(({ state }) => state === 'PENDING').length).toBe(
      arrays.flatMap(({ tasks }) => tasks).length,
    )
    expect((await flagdata('run', recipe, ...paths, ...executor)).err).toMatch(
      /Slurm still has \d+ of its tasks/,
    )

    // Task 5 finds one of its files gone.
    await rename(join(input, '05.jsonl'), join(work.path, '05.jsonl'))
    slurm.call('scontrol', 'release', ...arrays.map(({ job }) => String(job)))
    // Task 1 opens the pipe in the middle of its work, and waits until it is closed.
    const pipe = await open(gate, 'w')
    const during = await readStatus(output)
    expect(during.complete).toBe(false)
    expect(during.slurm).toContainEqual(
      expect.objectContaining({ phase: 'steps', task: 1, state: 'RUNNING' }),
    )
    expect(during.slurm).toContainEqual(expect.objectContaining({ phase: 'summary', state: 'PENDING' }))
    expect(during.phases[0].done).toBeGreaterThan(0)
    expect(during.phases[0].done).toBeLessThan(24)
    expect((await flagdata('status', output)).out).toMatch(
      /steps +\d+ of 24\n(?:.*\n)*slurm steps: RUNNING \d/,
    )
    await pipe.close()

    await waitForSlurm(arrays, { seconds: 0.5 })
    const failed = await readStatus(output)
    expect(failed.phases.map(({ name, done }) => [name, done])).toEqual([
      ['steps', 23],
      ['minhash.buckets', 0],
      ['minhash.clusters', 0],
      ['minhash.remove', 0],
      ['summary', 0],
    ])
    const log = (name: string) => readFile(join(output, '.flagdata/slurm', name), 'utf8')
    expect(await log('steps-0-5.log')).toMatch(/05\.jsonl/)
    // Put back by itself: one item before the signal and one on its way, and the third after the restart.
    expect(slurm.call('scontrol', 'show', 'job', `${jobsOf('steps')[0]}_2`)).toMatch(/Restarts=1/)
    expect((await log('steps-0-2.log')).match(/^steps \d+$/gm)).toEqual([
      'steps 00002',
      'steps 00010',
      'steps 00018',
    ])

    await rename(join(work.path, '05.jsonl'), join(input, '05.jsonl'))
    const resumed = await flagdata('resume', output, ...executor, '--wait')
    expect(resumed.code).toBe(0)
    expect(resumed.err).toMatch(/^steps: job \d+, 1 tasks\nminhash\.buckets: job \d+, 6 tasks\n/)
    expect(resumed.out).toContain(`documents (`)
    expect((await readdir(join(output, '.flagdata'))).includes('minhash')).toBe(false)
    expect(await outputFiles(output)).toEqual(await outputFiles(local))
    expect((await readStatus(output)).complete).toBe(true)
  }, 300_000)
})
