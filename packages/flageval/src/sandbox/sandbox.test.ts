import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loopback } from '../models/testing/loopback.ts'
import { runPrompts } from '../run/runPrompts.ts'
import { score } from '../score/score.ts'
import { passAtKMetric, runProblems } from './codeTasks.ts'
import { canRun, isolation, runProgram } from './sandbox.ts'

const javascript = (source: string, limits = {}) => runProgram('javascript', source, limits)
const python = (source: string, limits = {}) => runProgram('python', source, limits)
const hasPython = canRun('python')

/** The command lines of all processes that name something. */
function processesNaming(token: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes(token) ? [line] : []
      } catch {
        return []
      }
    })
}

describe('a JavaScript program', () => {
  it('passes when it runs to its end', async () => {
    expect(await javascript('console.log(1 + 1)')).toEqual({
      passed: true,
      reason: '',
      stdout: '2\n',
      stderr: '',
    })
    const failed = await javascript('const f = () => 1\nif (f() !== 2) throw new Error("wrong answer")')
    expect([failed.passed, failed.reason]).toEqual([false, expect.stringContaining('wrong answer')])
    expect((await javascript('let x = ')).reason).toContain('SyntaxError')
  })

  it('that leaves early has not passed', async () => {
    expect(await javascript('process.exit(0)')).toMatchObject({
      passed: false,
      reason: 'left before its end',
    })
    expect((await javascript('process.exit(3)')).reason).toBe('ended with code 3')
  })

  it('has no network, no files but its own and no processes', async () => {
    const server = await loopback(() => 'reached')
    const reach = [
      `await fetch('${server.url}')`,
      `await new Promise((done, fail) => import('node:http').then(({ get }) => get('${server.url}', done).on('error', fail)))`,
      `(await import('node:net')).connect(${new URL(server.url).port}, '127.0.0.1')`,
    ]
    for (const source of reach) expect((await javascript(source)).passed, source).toBe(false)
    expect(server.state.asked).toBe(0)
    await server.close()
    expect(
      (await javascript(`(await import('node:fs')).readFileSync('${import.meta.filename}')`)).stderr,
    ).toContain('ERR_ACCESS_DENIED')
    expect((await javascript(`(await import('node:child_process')).execSync('true')`)).passed).toBe(false)
    const own = `import { readFileSync, writeFileSync } from 'node:fs'
writeFileSync('a.txt', 'mine')
console.log(readFileSync('a.txt', 'utf8'), Object.keys(process.env).includes('OPENAI_API_KEY'))`
    process.env.OPENAI_API_KEY = 'secret'
    expect((await javascript(own)).stdout).toBe('mine false\n')
    delete process.env.OPENAI_API_KEY
  })

  it('ends by its limits', async () => {
    expect((await javascript('for (;;) {}', { timeoutMs: 700 })).reason).toBe('not done within 0.7 s')
    const memory = await javascript('const all = []\nfor (;;) all.push(new Array(1e5).fill(7))', {
      memoryBytes: 3e7,
    })
    expect(memory.passed).toBe(false)
    expect(memory.stderr).toContain('out of memory')
    expect(
      (await javascript('for (;;) console.log("x".repeat(1000))', { outputBytes: 5000 })).reason,
    ).toContain('more than 5000 bytes of stdout')
  })
})

describe.skipIf(!hasPython)('a Python program', () => {
  it('passes when it runs to its end, and has no network', async () => {
    expect(await python('print(sum([1, 2]))')).toEqual({
      passed: true,
      reason: '',
      stdout: '3\n',
      stderr: '',
    })
    expect((await python('assert 1 == 2, "wrong"')).reason).toContain('wrong')
    expect((await python('raise SystemExit(0)')).reason).toBe('left before its end')
    expect((await python('import socket\nsocket.create_connection(("127.0.0.1", 1))')).reason).toContain(
      'no network',
    )
    expect((await python('x = bytearray(10**9)', { memoryBytes: 2e8 })).reason).toContain('MemoryError')
  })

  it.skipIf(process.platform !== 'linux')('is killed with what it started', async () => {
    const token = `left-${process.pid}`
    const spawning = `import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", "${token}"], start_new_session=${
      isolation().processes === 'namespace' ? 'True' : 'False'
    })
print("started")`
    const ended = await python(spawning)
    expect([ended.passed, ended.stdout]).toEqual([true, 'started\n'])
    const stopped = await python(`${spawning}\nwhile True: pass`, { timeoutMs: 1500 })
    expect(stopped.reason).toContain('not done within')
    // The kernel may take a moment to remove what was killed.
    await expect.poll(() => processesNaming(token)).toEqual([])
  })
})

describe('tasks that run code', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flageval-code-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('count the programs that pass', async () => {
    const right = 'const add = (a, b) => a + b\nif (add(1, 2) !== 3) throw new Error("wrong")'
    const wrong = right.replace('a + b', 'a - b')
    const records = await runProblems(
      [
        { id: 'one', programs: [right, wrong, wrong] },
        { id: 'two', programs: [right, right, right] },
      ],
      { language: 'javascript' },
    )
    expect(records.map(({ correct }) => correct)).toEqual([1, 3])
    expect(score(records, 'pass@1').value).toBeCloseTo(2 / 3, 12)
    const metric = passAtKMetric({ language: 'javascript' })
    const test = 'if (add(1, 2) !== 3) throw new Error("wrong")'
    const predictions = [['const add = (a, b) => a + b', 'const add = () => 4', 'const add = () => 5']]
    const given = await metric({ references: [test], predictions, k: [1, 2] })
    expect(given['pass@1']).toBeCloseTo(1 / 3, 12)
    expect(given['pass@2']).toBeCloseTo(2 / 3, 12)
  })

  it('run in the dialect, by consent', async () => {
    await writeFile(
      join(folder, 'tests.jsonl'),
      '{"prompt": "add", "test": "if (add(2, 2) !== 4) throw new Error()"}\n',
    )
    const built = new URL('./codeTasks.ts', import.meta.url).href
    await writeFile(
      join(folder, 'code.mjs'),
      `import { passAtKMetric } from '${built}'
export const pass_at_k = passAtKMetric({ language: 'javascript' })
export const fenced = (answers) => answers.map((list) => list.map((text) => text.replaceAll('\`', '')))`,
    )
    await writeFile(
      join(folder, 'code.yaml'),
      `task: code
unsafe_code: true
dataset_path: json
dataset_kwargs: {data_files: {test: tests.jsonl}}
test_split: test
doc_to_text: "{{prompt}}"
doc_to_target: "{{test}}"
repeats: 4
generation_kwargs: {until: []}
filter_list:
  - name: fenced
    filter:
      - function: custom
        filter_fn: !function code.fenced
metric_list:
  - metric: !function code.pass_at_k
    aggregation: mean
    higher_is_better: true
    k: [1, 2]
`,
    )
    const model = {
      name: 'coder',
      fingerprint: 'coder',
      generate: async (requests: readonly { repeat: number }[]) =>
        requests.map(({ repeat }) => `\`\`\`const add = (a, b) => a ${'+-*-'[repeat]} b\`\`\``),
      dispose: async () => {},
    }
    const options = { cache: join(folder, 'cache') }
    const files = [join(folder, 'code.yaml')]
    const refused = await runPrompts(model, files, { ...options, output: join(folder, 'refused') })
    expect(refused.results[0].error?.message).toContain('runs programs')
    const { results } = await runPrompts(model, files, {
      ...options,
      output: join(folder, 'run'),
      allowCode: true,
    })
    const values = results[0].scores?.map(({ metric, value }) => [metric, value.toFixed(6)])
    // 2 + 2 and 2 · 2 are right.
    expect(values).toEqual([
      ['pass@1,fenced', '0.500000'],
      ['pass@2,fenced', '0.833333'],
    ])
  })
})
