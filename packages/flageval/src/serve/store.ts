import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type Database from 'libsql'

export interface Team {
  readonly id: number
  readonly name: string
  /** Submissions that may be received on one day, UTC. */
  readonly quota: number
}

/** What a team handed in, as the team itself sees it. */
export interface Submission {
  readonly id: string
  readonly team: number
  readonly task: string
  readonly model: string
  readonly received: string
  readonly state: 'received' | 'scored'
  readonly scores: unknown
  /** How often it was scored: never more than once. */
  readonly scorings: number
}

export interface Standing {
  readonly team: string
  readonly task: string
  readonly model: string
  readonly received: string
  readonly scores: unknown
}

const schema = `
create table if not exists teams (
  id integer primary key,
  name text not null unique,
  token_hash text not null unique,
  quota integer not null
);
create table if not exists submissions (
  id text primary key,
  team integer not null references teams (id),
  task text not null,
  model text not null,
  key text not null,
  body_hash text not null,
  answers text not null,
  received text not null,
  state text not null check (state in ('received', 'scored')),
  scores text,
  scorings integer not null default 0,
  unique (team, key)
);
create index if not exists submissions_by_day on submissions (team, received);
create table if not exists refusals (
  id integer primary key,
  team integer not null references teams (id),
  received text not null,
  reason text not null
);
`

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** What is to be received, and what becomes of it. */
export interface Receipt {
  readonly team: Team
  readonly task: string
  readonly model: string
  /** The client's own name for it: handing the same in again gives the same submission. */
  readonly key: string
  readonly answers: string
}

export type Received =
  | { readonly kind: 'new' | 'known'; readonly submission: Submission }
  | { readonly kind: 'conflict' | 'over-quota' }

type Row = Record<string, unknown>

const submissionOf = (row: Row): Submission => ({
  id: row.id as string,
  team: row.team as number,
  task: row.task as string,
  model: row.model as string,
  received: row.received as string,
  state: row.state as Submission['state'],
  scores: row.scores === null ? null : JSON.parse(row.scores as string),
  scorings: row.scorings as number,
})

/**
 * Teams and what they handed in, in one SQLite file. Every change is on the disk before its promise resolves; changes
 * that come together are written together. Tokens are kept as hashes only.
 */
export class Store {
  readonly #database: Database.Database
  #waiting: (() => void)[] = []

  private constructor(database: Database.Database) {
    this.#database = database
  }

  /** Opens or creates the file. SQLite itself is loaded here, so that nothing else depends on its binary. */
  static async open(file: string): Promise<Store> {
    const { default: Database } = await import('libsql')
    mkdirSync(dirname(resolve(file)), { recursive: true })
    const database = new Database(file)
    // The journal outlives a kill, and `full` a loss of power.
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.exec(schema)
    return new Store(database)
  }

  close(): void {
    this.#database.close()
  }

  #all(sql: string, ...values: unknown[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[]
  }

  #first(sql: string, ...values: unknown[]): Row | undefined {
    return this.#all(sql, ...values)[0]
  }

  /** Runs a change in the next transaction, with all others that wait for it. */
  #commit<T>(change: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let value: T
      this.#waiting.push(() => {
        value = change()
      })
      const settle = this.#settle
      settle.push({ resolve: () => resolve(value), reject })
      if (this.#waiting.length === 1) setImmediate(() => this.#flush())
    })
  }

  #settle: { resolve(): void; reject(error: unknown): void }[] = []

  #flush(): void {
    const [changes, promises] = [this.#waiting, this.#settle]
    this.#waiting = []
    this.#settle = []
    try {
      this.#database.transaction(() => {
        for (const change of changes) change()
      })()
      for (const { resolve } of promises) resolve()
    } catch (error) {
      for (const { reject } of promises) reject(error)
    }
  }

  /** Adds a team and returns its token, which is not kept. Throws `invalid-argument` for a name that is taken. */
  async addTeam(name: string, quota: number): Promise<string> {
    if (this.#first('select id from teams where name = ?', name)) {
      throw new FlagError('invalid-argument', `there is a team "${name}" already`)
    }
    const token = randomBytes(24).toString('base64url')
    await this.#commit(() =>
      this.#database
        .prepare('insert into teams (name, token_hash, quota) values (?, ?, ?)')
        .run(name, hashOf(token), quota),
    )
    return token
  }

  teamOf(token: string): Team | undefined {
    const row = this.#first('select id, name, quota from teams where token_hash = ?', hashOf(token))
    return row && { id: row.id as number, name: row.name as string, quota: row.quota as number }
  }

  /** Takes a submission in: a new one, the one that was handed in under the same key, or the reason why not. */
  receive({ team, task, model, key, answers }: Receipt): Promise<Received> {
    return this.#commit((): Received => {
      const known = this.#first('select * from submissions where team = ? and key = ?', team.id, key)
      const bodyHash = hashOf(JSON.stringify([task, model, answers]))
      if (known) {
        if (known.body_hash !== bodyHash) return { kind: 'conflict' }
        return { kind: 'known', submission: submissionOf(known) }
      }
      const received = new Date().toISOString()
      const today = `${received.slice(0, 10)}T00:00:00.000Z`
      const used = this.#first(
        'select count(*) as n from submissions where team = ? and received >= ?',
        team.id,
        today,
      )
      if ((used?.n as number) >= team.quota) return { kind: 'over-quota' }
      const id = randomUUID()
      this.#database
        .prepare(
          "insert into submissions (id, team, task, model, key, body_hash, answers, received, state) values (?, ?, ?, ?, ?, ?, ?, ?, 'received')",
        )
        .run(id, team.id, task, model, key, bodyHash, answers, received)
      return {
        kind: 'new',
        submission: submissionOf(this.#first('select * from submissions where id = ?', id) as Row),
      }
    })
  }

  /** Keeps the scores of a submission that has none. */
  keepScores(id: string, scores: unknown): Promise<void> {
    return this.#commit(() => {
      this.#database
        .prepare(
          "update submissions set scores = ?, state = 'scored', scorings = scorings + 1 where id = ? and state = 'received'",
        )
        .run(JSON.stringify(scores), id)
    })
  }

  /** Notes why a submission was refused. */
  refuse(team: Team, reason: string): Promise<void> {
    return this.#commit(() => {
      this.#database
        .prepare('insert into refusals (team, received, reason) values (?, ?, ?)')
        .run(team.id, new Date().toISOString(), reason)
    })
  }

  /** What was received and not scored: after a kill. */
  unscored(): { id: string; task: string; answers: string }[] {
    return this.#all(
      "select id, task, answers from submissions where state = 'received' order by received",
    ) as never
  }

  /** A team's own submission. */
  submission(team: Team, id: string): Submission | undefined {
    const row = this.#first('select * from submissions where id = ? and team = ?', id, team.id)
    return row && submissionOf(row)
  }

  /** A team's own submissions, oldest first. */
  submissions(team: Team): Submission[] {
    return this.#all('select * from submissions where team = ? order by received, id', team.id).map(
      submissionOf,
    )
  }

  /** Why a team's own submissions were refused, oldest first. */
  refusals(team: Team): { received: string; reason: string }[] {
    const rows = this.#all('select received, reason from refusals where team = ? order by id', team.id)
    return rows.map(({ received, reason }) => ({ received: received as string, reason: reason as string }))
  }

  /** The latest scored submission of every team, model and task: what all may see. */
  standings(): Standing[] {
    const rows = this.#all(
      `select t.name as team, s.task, s.model, s.received, s.scores from submissions s join teams t on t.id = s.team
       where s.state = 'scored' and s.rowid = (
         select max(o.rowid) from submissions o
         where o.team = s.team and o.task = s.task and o.model = s.model and o.state = 'scored')
       order by s.task, t.name, s.model`,
    )
    return rows.map(
      (row): Standing => ({
        team: row.team as string,
        task: row.task as string,
        model: row.model as string,
        received: row.received as string,
        scores: JSON.parse(row.scores as string),
      }),
    )
  }
}
