import { createHash } from 'node:crypto'
import { FlagError } from '@flag/core-tensor'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { isGroup, type PromptTask, type TaskGroup, tasksOf } from '../lmEval/index.ts'
import { ScoredTask, type ServedTask } from './answers.ts'
import { type ListenOptions, listenTo, type RunningServer } from './listen.ts'
import { Store, type Submission, type Team } from './store.ts'

export interface ServeOptions extends ListenOptions {
  /** SQLite file of teams and submissions. */
  database: string
  /** Tasks in lm-eval's dialect, and others made ready, such as by `retrievalTasks`. */
  tasks: readonly (PromptTask | TaskGroup | ServedTask)[]
  /** Serve tasks that run programs: the server runs what teams hand in, in a sandbox that stops faults, not attackers. */
  allowCode?: boolean
  /** Largest submission in bytes. Default 16 MiB. */
  bodyBytes?: number
}

/** Why a request is refused, with its HTTP status. */
class Refusal extends FlagError {
  constructor(
    readonly status: 400 | 401 | 404 | 409 | 413 | 429,
    message: string,
    hint?: string,
  ) {
    super('invalid-argument', message, { hint })
  }
}

/** What a team sees of its submission. */
const shown = ({ id, task, model, received, state, scores }: Submission) => ({
  id,
  task,
  model_name: model,
  received,
  state,
  scores,
})

/**
 * The evaluation server: FlagEvalMM's routes `/task_info`, `/meta_info`, `/get_data`, `/evaluate` and `/eval_finished`, and
 * `/get_retrieval_data`, and `POST /submit?task=&model_name=` with the answers as its adapters write them, since a team shares no
 * disk with it. Teams
 * show their token as `Authorization: Bearer`; what they handed in, and why something was refused, only they can read;
 * `/leaderboard` is for all. Submissions that a kill left unscored are scored at the start.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const all = options.tasks.flatMap((it): ServedTask[] => {
    if ('check' in it) return [it]
    return (isGroup(it) ? tasksOf(it) : [it]).map((task) => new ScoredTask(task, options))
  })
  const tasks = new Map(all.map((task) => [task.name, task]))
  const store = await Store.open(options.database)
  const pending = new Set<Promise<unknown>>()
  const scoring = (id: string, task: ServedTask, answers: unknown) => {
    const work = (async () => store.keepScores(id, await task.score((await task.check(answers)) as never)))()
    pending.add(work)
    return work.finally(() => pending.delete(work))
  }
  for (const { id, task, answers } of store.unscored()) {
    const known = tasks.get(task)
    // A task that is no longer served, or has other questions now, leaves its submissions as they are.
    if (known) await scoring(id, known, JSON.parse(answers)).catch(onlyBadInput)
  }

  const app = routes(store, tasks, scoring, options.bodyBytes ?? 16 * 1024 ** 2)
  const server = await listenTo(app, options)
  return {
    url: server.url,
    close: async () => {
      await server.close()
      await Promise.allSettled(pending)
      store.close()
    },
  }
}

function onlyBadInput(error: unknown): void {
  if (!(error instanceof FlagError)) throw error
}

type Scoring = (id: string, task: ServedTask, answers: unknown) => Promise<void>

function routes(
  store: Store,
  tasks: ReadonlyMap<string, ServedTask>,
  scoring: Scoring,
  bodyBytes: number,
): Hono {
  const app = new Hono()
  const teamOf = (context: Context): Team => {
    const [, token] = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '') ?? []
    const team = token === undefined ? undefined : store.teamOf(token)
    if (!team)
      throw new Refusal(401, 'no such token', 'send the header Authorization: Bearer <token of your team>')
    return team
  }
  const taskOf = (context: Context): ServedTask => {
    const name = context.req.query('task')
    const task = tasks.get(name ?? '')
    if (task) return task
    throw new Refusal(404, `no task "${name ?? ''}"`, `choose of ${[...tasks.keys()].join(', ')}`)
  }

  app.onError((error, context) => {
    if (error instanceof Refusal) {
      return context.json({ error: { message: error.message, hint: error.hint } }, error.status)
    }
    return context.json({ error: { message: 'the server failed' } }, 500)
  })
  app.notFound((context) => context.json({ error: { message: `no route ${context.req.path}` } }, 404))

  app.get('/task_info', (context) =>
    context.json({ task_names: [...tasks.keys()], model_path: '', submit: '/submit' }),
  )
  app.get('/meta_info', (context) => {
    return context.json({ ...taskOf(context).meta })
  })
  app.get('/get_data', (context) => {
    const task = taskOf(context)
    const index = Number(context.req.query('index'))
    const question = Number.isInteger(index) ? task.question?.(index) : undefined
    if (!question) throw new Refusal(400, `Index out of range: ${task.name} has no question "${index}"`)
    return context.json(question)
  })
  app.get('/get_retrieval_data', async (context) => {
    const task = taskOf(context)
    if (!task.item) throw new Refusal(400, `${task.name} is no retrieval task`)
    const { type, index } = context.req.query()
    if (type !== 'img' && type !== 'text') throw new Refusal(400, 'Invalid data type', 'type is img or text')
    const item = await task.item(type, Number(index))
    if (!item) throw new Refusal(400, `Index out of range: ${task.name} has no ${type} "${index}"`)
    return context.json(item)
  })
  app.get('/evaluate', (context) => {
    teamOf(context)
    taskOf(context)
    // What was submitted is scored already, or is being scored.
    return context.json('Evaluation process started')
  })
  app.get('/eval_finished', (context) => {
    const team = teamOf(context)
    const open = store.submissions(team).some(({ state }) => state === 'received')
    return context.json({ status: open ? 0 : 1 })
  })
  app.get('/leaderboard', (context) => context.json({ standings: store.standings() }))
  app.get('/submissions', (context) => {
    const team = teamOf(context)
    return context.json({ submissions: store.submissions(team).map(shown), refusals: store.refusals(team) })
  })
  app.get('/submissions/:id', (context) => {
    const own = store.submission(teamOf(context), context.req.param('id'))
    if (!own) throw new Refusal(404, 'your team has no such submission')
    return context.json(shown(own))
  })

  const limit = bodyLimit({
    maxSize: bodyBytes,
    onError: () => {
      throw new Refusal(413, `a submission may have ${bodyBytes} bytes`)
    },
  })
  app.post('/submit', limit, async (context) => {
    const team = teamOf(context)
    try {
      return context.json(shown(await submit(context, team)))
    } catch (error) {
      // A refusal is answered when it is on record.
      if (error instanceof Refusal) await store.refuse(team, error.message)
      throw error
    }
  })

  const submit = async (context: Context, team: Team): Promise<Submission> => {
    const task = taskOf(context)
    const model = context.req.query('model_name')?.trim()
    if (!model || model.length > 200)
      throw new Refusal(400, 'model_name is missing or longer than 200 characters')
    // A matrix comes as the bytes of a .npy file, and is kept as text like all else.
    const isBinary = context.req.header('content-type') === 'application/octet-stream'
    const text = isBinary
      ? JSON.stringify(Buffer.from(await context.req.arrayBuffer()).toString('base64'))
      : await context.req.text()
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch (cause) {
      throw new Refusal(400, `the body is not JSON: ${(cause as Error).message}`)
    }
    try {
      await task.check(body)
    } catch (error) {
      if (error instanceof FlagError) throw new Refusal(400, error.message)
      throw error
    }
    const own = context.req.header('idempotency-key')
    const key =
      own ??
      createHash('sha256')
        .update(JSON.stringify([task.name, model, text]))
        .digest('hex')
    const received = await store.receive({ team, task: task.name, model, key, answers: text })
    if (received.kind === 'conflict') throw new Refusal(409, `the key "${key}" belongs to another submission`)
    if (!('submission' in received)) {
      throw new Refusal(429, `${team.quota} submissions a day are used up`, 'submit again tomorrow, UTC')
    }
    const { submission } = received
    if (submission.state === 'received') await scoring(submission.id, task, body)
    return store.submission(team, submission.id) as Submission
  }
  return app
}
