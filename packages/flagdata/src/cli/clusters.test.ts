import { execFileSync } from 'node:child_process'
import { chmod, readdir, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { planTasks, shellWord } from '../executors/tasks.ts'
import { customStep, openRecipe, pipeline, readJsonl, run, work, writeJsonl } from '../index.ts'
import { bundle } from '../testing/bundle.ts'
import { duplicateCorpus } from '../testing/corpus.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { flagdata } from './testing/flagdata.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
let local: Record<string, Buffer>
const recipe = fileURLToPath(new URL('../testing/recipe.yaml', import.meta.url))

beforeAll(async () => {
  folder = await temporaryFolder()
  const [first, second] = duplicateCorpus().map((piece) => piece.slice(0, 120))
  input = await writeFiles(join(folder.path, 'input'), {
    'a.jsonl': jsonLines(first),
    'b.jsonl': jsonLines(second),
  })
  const output = join(folder.path, 'local')
  await run(await openRecipe(recipe, { input, output }))
  local = await outputFiles(output)
})
afterAll(() => folder.remove())
afterEach(() => vi.unstubAllEnvs())

describe('work', () => {
  it('does its share once, and only after the phase before', async () => {
    const output = join(folder.path, 'shares')
    const phases = await planTasks(await openRecipe(recipe, { input, output }), 3)
    expect(phases.map(({ phase, tasks, open }) => [phase, tasks, open])).toEqual([
      ['steps', 3, [0, 1, 2]],
      ['minhash.buckets', 3, [0, 1, 2]],
      ['minhash.clusters', 1, [0]],
      ['minhash.remove', 3, [0, 1, 2]],
      ['summary', 1, [0]],
    ])
    const early = await flagdata('work', output, '--phase', 'minhash.buckets', '--tasks', '3', '--task', '0')
    expect(early.err).toMatch(/minhash\.buckets cannot start: steps is done for 0 of \d+ items/)
    expect((await flagdata('work', output, '--phase', 'steps', '--tasks', '3')).err).toMatch(/work: no task/)
    expect((await flagdata('work', output, '--phase', 'stepps', '--tasks', '3', '--task', '0')).err).toMatch(
      /no phase "stepps" \(known: steps, minhash\.buckets/,
    )
    const first = await work(output, { phase: 'steps', task: 1, tasks: 3 })
    expect(first.done).toBeGreaterThan(0)
    expect(await work(output, { phase: 'steps', task: 1, tasks: 3 })).toEqual({ done: 0, left: 0 })
    expect((await planTasks(await openRecipe(recipe, { input, output }), 3))[0].open).toEqual([0, 2])
    expect((await flagdata('resume', output, '--workers', '1')).code).toBe(0)
    expect(await outputFiles(output)).toEqual(local)
  })

  it('refuses steps that other processes do not have', async () => {
    const own = customStep('own', () => undefined)
    const output = join(folder.path, 'own')
    const parts = pipeline([readJsonl(input), own, writeJsonl(output)])
    await expect(planTasks(parts, 2)).rejects.toThrow('step "own" exists only in this program')
    await run(parts)
    expect((await flagdata('status', output)).out).toMatch(/^complete\n/)
  })
})

it('writes words for a shell', () => {
  const words = ['plain', '', 'a b', `it's "$HOME"`, '`x`', 'new\nline', 'ä']
  const line = `printf '%s\\0' ${words.map(shellWord).join(' ')}`
  expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).toBe(
    words.map((word) => `${word}\0`).join(''),
  )
})

describe('Kubernetes', () => {
  const output = () => join(folder.path, 'kubernetes')
  const options = ['--tasks', '3', '--max-running', '2', '--image', 'example/flagdata:1', '--claim', 'corpus']

  it('writes valid indexed jobs whose commands give the bytes of a local run, in the order of submit.sh', async () => {
    const { code, out } = await flagdata(
      ...['run', recipe, '--input', input, '--output', output(), '--executor', 'kubernetes'],
      ...['--mount', folder.path, '--namespace', 'data', ...options],
    )
    const [, script] = out.match(/^sh (.*submit\.sh)\n$/) as string[]
    expect(code).toBe(0)

    // A kubectl that notes what it is asked to do.
    const calls = join(folder.path, 'calls')
    const bin = await writeFiles(join(folder.path, 'bin'), { kubectl: `#!/bin/sh\necho "$@" >>'${calls}'\n` })
    await chmod(join(bin, 'kubectl'), 0o755)
    execFileSync('sh', [script], { env: { PATH: `${bin}${delimiter}${process.env.PATH}` } })
    const applied = (await readFile(calls, 'utf8')).split('\n').filter((line) => line !== '')
    const files = applied.flatMap((line) => line.match(/^apply --namespace data --filename (.*)$/)?.[1] ?? [])
    expect(applied.length).toBe(2 * files.length)
    const state = join(output(), '.flagdata/kubernetes')
    expect(files.map((file) => file.slice(state.length + 1))).toEqual(
      (await readdir(state)).filter((name) => name.endsWith('.yaml')).sort(),
    )

    for (const [i, file] of files.entries()) {
      const job = parse(await readFile(file, 'utf8'))
      new Job(job).validate()
      expect(applied[2 * i + 1]).toBe(
        `wait --namespace data --for=condition=complete --timeout=10s job/${job.metadata.name}`,
      )
      expect(job.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      const { completions, parallelism, template } = job.spec
      expect(parallelism).toBe(Math.min(2, completions))
      const [program, ...args] = template.spec.containers[0].command
      expect(program).toBe('flagdata')
      for (let index = 0; index < completions; index++) {
        vi.stubEnv('JOB_COMPLETION_INDEX', String(index))
        expect(await flagdata(...args)).toMatchObject({ code: 0 })
      }
    }
    expect(await outputFiles(output())).toEqual(local)
  })

  it('says what it lacks', async () => {
    const { code, err } = await flagdata(
      ...['run', recipe, '--input', input, '--output', output(), '--executor', 'kubernetes', ...options],
    )
    expect([code, err]).toEqual([1, 'flagdata: kubernetes: --image, --claim and --mount are needed\n'])
  })
})

const python = process.env.FLAG_PYTHON ?? 'python3'
const hasRay = (() => {
  try {
    execFileSync(python, ['-c', 'import ray'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe('Ray', () => {
  it.runIf(hasRay)(
    'gives the bytes of a local run on a cluster of this machine',
    async () => {
      const program = await bundle('cli/testing/slurmTask')
      const output = join(folder.path, 'ray')
      const { out } = await flagdata(
        ...['run', recipe, '--input', input, '--output', output, '--executor', 'ray', '--tasks', '3'],
        ...['--program', `${process.execPath} ${program.file}`],
      )
      const [, file] = out.match(/^python (.*launch\.py)\n$/) as string[]
      const said = execFileSync(python, [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      expect(said.split('\n').slice(0, 2)).toEqual([
        'steps: 3 of 3 tasks done',
        'minhash.buckets: 3 of 3 tasks done',
      ])
      expect(await outputFiles(output)).toEqual(local)
      await program.remove()
    },
    120_000,
  )

  it('writes a program that Python understands', async () => {
    const output = join(folder.path, 'a folder\'s "name"')
    const { code, out } = await flagdata(
      ...['run', recipe, '--input', input, '--output', output, '--executor', 'ray', '--tasks', '3', '--json'],
    )
    expect(code).toBe(0)
    const text = await readFile(JSON.parse(out).file, 'utf8')
    expect(text).toContain('    ["steps",3,[0,1,2]],\n')
    expect(text).toContain(JSON.stringify(output))
  })
})
