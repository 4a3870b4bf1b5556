import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npyBytes, Tensor } from '@flag/core-tensor'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTasks } from '../lmEval/index.ts'
import { hashModel } from '../lmEval/testing/hashModel.ts'
import { httpClient } from '../models/http.ts'
import { loopback } from '../models/testing/loopback.ts'
import { findTasks } from '../tasks/task.ts'
import type { RunningServer } from './listen.ts'
import { retrievalTasks } from './retrievalTask.ts'
import { serve } from './server.ts'
import { Store } from './store.ts'
import { takePart } from './takePart.ts'

const taskFile = (name: string) =>
  fileURLToPath(new URL(`../../goldens/lmEval/tasks/${name}.yaml`, import.meta.url))
const goldens = JSON.parse(
  await readFile(fileURLToPath(new URL('../../goldens/lmEval/results.json', import.meta.url)), 'utf8'),
)
const QUESTIONS = 14
const answers = (text: string) =>
  Array.from({ length: QUESTIONS }, (_, i) => ({ question_id: i, answer: `${text} ${i}` }))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flageval-serve-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function tokens(database: string, names: readonly string[], quota = 1000): Promise<string[]> {
  const store = await Store.open(database)
  const list = await Promise.all(names.map((name) => store.addTeam(name, quota)))
  store.close()
  return list
}

interface Reply {
  status: number
  body: Record<string, never>
}

async function ask(url: string, token?: string, body?: unknown, key?: string): Promise<Reply> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...(key && { 'idempotency-key': key }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

describe('a server of tasks', () => {
  let server: RunningServer
  let own: string
  let other: string
  const database = () => join(folder, 'board.db')
  const submitTo = (query = 'task=gen_targets&model_name=m') => `${server.url}/submit?${query}`
  beforeAll(async () => {
    ;[own, other] = await tokens(database(), ['ours', 'theirs'])
    server = await serve({
      database: database(),
      tasks: await loadTasks([taskFile('gen_targets'), taskFile('gen_filters'), taskFile('mc_plain')]),
      bodyBytes: 20_000,
    })
  })
  afterAll(() => server.close())

  it("asks by FlagEvalMM's protocol and scores as a run does", async () => {
    const results = await takePart(server.url, hashModel, { token: own })
    for (const task of ['gen_targets', 'gen_filters', 'mc_plain']) {
      const { scores } = results[task] as { scores: { metric: string; value: number }[] }
      for (const { metric, value } of scores)
        expect(value, `${task} ${metric}`).toBeCloseTo(goldens.runs[task].results[task][metric], 12)
    }
    expect((await ask(`${server.url}/eval_finished`, own)).body).toEqual({ status: 1 })
    expect((await ask(`${server.url}/evaluate?task=mc_plain`, own)).body).toBe('Evaluation process started')
    const { body } = await ask(`${server.url}/leaderboard`)
    expect((body.standings as { team: string }[]).map(({ team }) => team)).toEqual(['ours', 'ours', 'ours'])
  })

  it('takes likelihoods of texts and of their ends, similarities, and programs where that is allowed', async () => {
    const [token] = await tokens(join(folder, 'kinds.db'), ['ours'])
    const file = join(folder, 'programs.yaml')
    await writeFile(
      join(folder, 'one.jsonl'),
      '{"q": "function one()", "test": "if (one() !== 1) throw new Error()"}\n',
    )
    await writeFile(
      join(folder, 'tests.mjs'),
      `export { pass_at_k } from '${new URL('./testing/passAtK.ts', import.meta.url).href}'`,
    )
    await writeFile(
      file,
      `task: programs
dataset_path: json
dataset_kwargs: {data_files: {test: one.jsonl}}
test_split: test
output_type: generate_until
unsafe_code: true
doc_to_text: "{{q}}"
doc_to_target: "{{test}}"
metric_list: [{metric: !function tests.pass_at_k, aggregation: mean, higher_is_better: true}]
metadata: {version: 1}
`,
    )
    const [emoji] = findTasks(['emoji-retrieval'])
    const small = { ...emoji, options: { unicode: 0.6 }, metrics: ['IR@1', 'TR@1'] }
    const [retrieval] = await retrievalTasks(small, ['en'])
    const likelihoods = await loadTasks([taskFile('rolling'), taskFile('ll_cloze')])
    const programs = await loadTasks([file])
    const database = join(folder, 'kinds.db')
    await expect(serve({ database, tasks: programs })).rejects.toThrow('programs that the model writes')
    const own = await serve({ database, allowCode: true, tasks: [...likelihoods, ...programs, retrieval] })
    try {
      const results = await takePart(own.url, hashModel, { token, tasks: ['rolling', 'll_cloze'] })
      for (const task of ['rolling', 'll_cloze'])
        for (const { metric, value } of (results[task] as { scores: { metric: string; value: number }[] })
          .scores)
          expect(value, `${task} ${metric}`).toBeCloseTo(goldens.runs[task].results[task][metric], 10)
      const submit = (task: string, body: unknown) =>
        ask(`${own.url}/submit?task=${task}&model_name=m`, token, body)
      const positive = await submit('rolling', [{ question_id: 0, answer: 3 }])
      expect(JSON.stringify(positive.body)).toContain('0 or less')
      const program = 'function one() { return 1 }'
      const { body: passed } = await submit('programs', [{ question_id: 0, answer: program }])
      expect((passed.scores as { value: number }[]).map(({ value }) => value)).toEqual([1])

      const { name, meta } = retrieval
      expect((await ask(`${own.url}/meta_info?task=${name}`)).body).toEqual(meta)
      const count = Number(meta.image_number)
      const item = (type: string) => `${own.url}/get_retrieval_data?task=${name}&index=0&type=${type}`
      expect((await ask(item('text'))).body.caption).toBe('grinning face with big eyes')
      expect(Buffer.from((await ask(item('img'))).body.image, 'base64').toString()).toContain('<svg')
      expect((await ask(item('video'))).status).toBe(400)
      const other = Buffer.from(npyBytes(new Tensor('float32', [1, 1], new Float32Array(1)))).toString(
        'base64',
      )
      expect(JSON.stringify((await submit(name, JSON.stringify(other))).body)).toContain(
        `expected float32 [${count}`,
      )
      // Right for all but the first picture, whose texts and pictures are exchanged with the second.
      const data = new Float32Array(count * count)
      for (let i = 0; i < count; i++) data[i * count + (i < 2 ? 1 - i : i)] = 1
      const matrix = Buffer.from(npyBytes(new Tensor('float32', [count, count], data))).toString('base64')
      const { scores } = (await submit(name, JSON.stringify(matrix))).body
      expect(scores[0]).toMatchObject({ metric: 'IR@1', value: 1 - 2 / count })
    } finally {
      await own.close()
    }
  })

  it('tells no team and nobody else what is right', async () => {
    const { body } = await ask(`${server.url}/get_data?task=gen_targets&index=3`)
    expect(Object.keys(body).sort()).toEqual([
      'generation',
      'img_path',
      'question',
      'question_id',
      'repeats',
      'type',
    ])
    expect((await ask(`${server.url}/get_data?task=gen_targets&index=14`)).status).toBe(400)
    expect((await ask(`${server.url}/get_retrieval_data?task=gen_targets&type=img&index=0`)).status).toBe(400)
    expect((await ask(`${server.url}/meta_info?task=nothing`)).body.error).toMatchObject({
      hint: 'choose of gen_targets, gen_filters, mc_plain',
    })
  })

  it('says why it refuses', async () => {
    const good = answers('x')
    const cases: [string | undefined, unknown, string][] = [
      [submitTo(), good.slice(1), '1 of 14 questions have no answer: "0"'],
      [submitTo(), [...good, good[0]], 'question "0" is answered twice'],
      [submitTo(), [{ question_id: 99, answer: '' }], 'gen_targets has no question "99"'],
      [submitTo(), [{ question_id: 0 }], 'answer 1 of 1: answer: Invalid input'],
      [submitTo(), [{ question_id: 0, answer: ['a', 'b'] }], 'expected a text'],
      [submitTo(), { answers: good }, 'expected a list'],
      [submitTo(), '[{"question', 'the body is not JSON'],
      [submitTo('task=gen_targets'), good, 'model_name is missing'],
      [submitTo('task=none&model_name=m'), good, 'no task "none"'],
      [submitTo(), answers('x'.repeat(2000)), 'a submission may have 20000 bytes'],
    ]
    for (const [url, body, message] of cases) {
      const reply = await ask(url as string, other, body)
      expect((reply.body.error as { message: string }).message).toContain(message)
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status).toBeLessThan(500)
    }
    expect((await ask(submitTo(), undefined, good)).status).toBe(401)
    expect((await ask(submitTo(), 'wrong', good)).status).toBe(401)
    const { body } = await ask(`${server.url}/submissions`, other)
    expect((body.refusals as unknown[]).length).toBeGreaterThanOrEqual(9)
    expect(body.submissions).toEqual([])
  })

  it('takes the same submission once, and as many as the quota allows', async () => {
    const first = await ask(submitTo(), other, answers('a'), 'k')
    expect((await ask(submitTo(), other, answers('a'), 'k')).body.id).toBe(first.body.id)
    expect((await ask(submitTo(), other, answers('b'), 'k')).status).toBe(409)
    const [few] = await tokens(database(), ['few'], 2)
    expect((await ask(submitTo(), few, answers('a'))).status).toBe(200)
    expect((await ask(submitTo(), few, answers('b'))).status).toBe(200)
    expect((await ask(submitTo(), few, answers('a'))).status).toBe(200)
    expect((await ask(submitTo(), few, answers('c'))).status).toBe(429)
    // A name that is taken stays with its team.
    await expect(tokens(database(), ['few'])).rejects.toThrow('there is a team "few" already')
  })

  it('keeps what a team handed in from the others', async () => {
    const { body } = await ask(`${server.url}/submissions`, own)
    const [{ id }] = body.submissions as { id: string }[]
    expect((await ask(`${server.url}/submissions/${id}`, own)).status).toBe(200)
    expect((await ask(`${server.url}/submissions/${id}`, other)).status).toBe(404)
    expect((await ask(`${server.url}/submissions/${id}`)).status).toBe(401)
  })
})

describe("FlagEvalMM's own server", () => {
  it('gets its answers on the shared disk and is asked to evaluate', async () => {
    const output = join(folder, 'shared')
    const asked: string[] = []
    const server = await loopback((_, request) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
      asked.push(pathname)
      if (pathname === '/task_info') return { task_names: ['vqa'], model_path: 'm' }
      if (pathname === '/meta_info') return { name: 'vqa', length: 2, type: 'vqa', output_dir: output }
      if (pathname === '/get_data')
        return { question_id: `q${searchParams.get('index')}`, question: 'Why?', img_path: [] }
      return 'Evaluation process started'
    })
    expect(await takePart(server.url, { ...hashModel, name: 'a/b' })).toEqual({
      vqa: 'Evaluation process started',
    })
    const written = JSON.parse(await readFile(join(output, 'a_b.json'), 'utf8'))
    expect(written.map(({ question_id }: { question_id: string }) => question_id)).toEqual(['q0', 'q1'])
    expect(asked).toEqual(['/task_info', '/meta_info', '/get_data', '/get_data', '/evaluate'])
    await server.close()
  })
})

describe('a thousand submissions', () => {
  const CLIENTS = 50
  const EACH = 20
  const program = fileURLToPath(new URL('./testing/serveGoldens.ts', import.meta.url))

  /** Starts the server in a process of its own and waits for its address. */
  async function start(database: string): Promise<{ child: ChildProcess; url: string }> {
    const args = ['--import', 'tsx', program, database, '0', taskFile('gen_targets')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim()))
      child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
    })
    return { child, url }
  }

  it('of fifty clients outlive a kill: none lost, none scored twice, none seen by others', async () => {
    const database = join(folder, 'thousand.db')
    const names = Array.from({ length: CLIENTS }, (_, i) => `team ${i}`)
    const keys = await tokens(database, names)
    let { child, url } = await start(database)
    const KILL_AT = 400
    let answered = 0
    let up: Promise<unknown> = Promise.resolve()
    const count = () => {
      answered++
      if (answered !== KILL_AT) return
      const killed = once(child, 'exit')
      child.kill('SIGKILL')
      up = killed.then(async () => {
        ;({ child, url } = await start(database))
      })
    }
    const client = httpClient({ concurrency: 1000 })
    const accepted = new Map<string, Set<string>>()
    const submitAll = async (token: string, team: number) => {
      const ids = new Set<string>()
      accepted.set(token, ids)
      for (let i = 0; i < EACH; i++) {
        // Every tenth is malformed.
        const malformed = i % 10 === team % 10
        const body = malformed ? answers('y').slice(1) : answers(`team ${team} try ${i}`)
        for (;;) {
          await up
          try {
            const reply = await ask(
              `${url}/submit?task=gen_targets&model_name=m${i}`,
              token,
              body,
              `${team}-${i}`,
            )
            expect(reply.status).toBe(malformed ? 400 : 200)
            if (!malformed) ids.add(reply.body.id as string)
            count()
            break
          } catch (error) {
            // The connection broke: the same is handed in again when the server is back.
            if (!(error instanceof TypeError)) throw error
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
      }
    }
    await Promise.all(keys.map(submitAll))
    expect(answered).toBe(CLIENTS * EACH)

    let refused = 0
    for (const [team, token] of keys.entries()) {
      const { submissions, refusals } = (await ask(`${url}/submissions`, token)).body as unknown as {
        submissions: { id: string; state: string; scores: { value: number }[]; model_name: string }[]
        refusals: { reason: string }[]
      }
      expect(new Set(submissions.map(({ id }) => id))).toEqual(accepted.get(token))
      expect(submissions.length).toBe(EACH - 2)
      expect(submissions.every(({ state, scores }) => state === 'scored' && scores.length === 1)).toBe(true)
      expect(refusals.every(({ reason }) => reason.includes('have no answer'))).toBe(true)
      refused += new Set(refusals.map(({ reason }) => reason)).size
      const [{ id }] = submissions
      expect((await ask(`${url}/submissions/${id}`, keys[(team + 1) % CLIENTS])).status).toBe(404)
    }
    expect(refused).toBe(CLIENTS)
    await expect(client.get(`${url}/submissions`)).rejects.toThrow('HTTP 401')
    child.kill('SIGKILL')
    await once(child, 'exit')

    const rows = new Database(database)
      .prepare('select state, scorings, count(*) as n from submissions group by 1, 2')
      .all()
    expect(rows).toMatchObject([{ state: 'scored', scorings: 1, n: CLIENTS * (EACH - 2) }])
  }, 300_000)
})
